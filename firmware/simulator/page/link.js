// The WebSocket to the simulator. Connects again by itself; says whether it is connected.

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 5000;

export class Link {
  #listen; #state; #socket = null; #pause = FIRST_PAUSE;

  constructor(listen, state) {
    this.#listen = listen;
    this.#state = state;
    this.#connect();
  }

  send(message) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #connect() {
    const socket = this.#socket = new WebSocket(`ws://${location.host}/phones`);
    socket.onopen = () => { this.#pause = FIRST_PAUSE; this.#state(true); };
    socket.onmessage = ({ data }) => this.#listen(JSON.parse(data));
    socket.onclose = () => {
      this.#state(false);
      setTimeout(() => this.#connect(), this.#pause);
      this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE);
    };
  }
}

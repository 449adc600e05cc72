// The keypad (ITU-T E.161). A key is down for as long as pointer or keyboard hold it.

const KEYS = [
  ["1", ""], ["2", "ABC"], ["3", "DEF"],
  ["4", "GHI"], ["5", "JKL"], ["6", "MNO"],
  ["7", "PQRS"], ["8", "TUV"], ["9", "WXYZ"],
  ["*", "", "star"], ["0", "", "zero"], ["#", "", "hash"],
];
const SPOKEN = { "*": "star", "#": "hash" };

export class Keypad {
  #buttons = new Map(); #held = new Map(); #send;

  constructor(element, send) {
    this.#send = send;
    for (const [key, letters, style] of KEYS) {
      const button = document.createElement("button");
      button.type = "button";
      button.tabIndex = -1;
      button.className = `key ${style ?? ""}`;
      button.dataset.key = key;
      button.setAttribute("aria-label", `${SPOKEN[key] ?? key} ${letters}`.trim());
      const digit = document.createElement("b"), small = document.createElement("small");
      digit.textContent = key;
      small.textContent = letters;
      button.append(digit, small);
      this.#listen(button, key);
      this.#buttons.set(key, button);
      element.append(button);
    }
  }

  has(key) { return this.#buttons.has(key); }

  // `holder` names what holds the key (a pointer, a key of the keyboard): it lets go of exactly that key.
  press(key, holder) {
    if (this.#held.has(holder)) return;
    this.#held.set(holder, key);
    this.#buttons.get(key).classList.add("down");
    this.#send({ what: "press", key });
  }

  release(holder) {
    const key = this.#held.get(holder);
    if (key === undefined) return;
    this.#held.delete(holder);
    this.#buttons.get(key).classList.remove("down");
    this.#send({ what: "release", key });
  }

  releaseAll() { for (const holder of [...this.#held.keys()]) this.release(holder); }

  #listen(button, key) {
    button.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      button.setPointerCapture(event.pointerId);
      this.press(key, `pointer ${event.pointerId}`);
    });
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
      button.addEventListener(end, (event) => this.release(`pointer ${event.pointerId}`));
    }
    button.addEventListener("click", (event) => { // by a screen reader: no pointer, no time held
      if (event.detail === 0) this.#send({ what: "key", keys: [key] });
    });
    button.addEventListener("contextmenu", (event) => event.preventDefault());
  }
}

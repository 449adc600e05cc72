// One telephone on the desk. It shows what its daemon says and sends what hands do; it decides nothing.

import { Cord } from "./cord.js";
import { Display } from "./display.js";
import { Keypad } from "./keypad.js";

const LIFT_MS = 700; // a little longer than the handset's transition

export class Phone {
  status = null; lines = []; ringing = false; melody = null; chirp = null; tone = null;
  #element; #send; #name; #display; #keypad; #cord; #parts; #position = "private"; #spoken = "";

  constructor({ id, name }, finish, send) {
    this.id = id;
    this.#name = name;
    this.#send = (message) => send({ phone: id, ...message });
    const copy = document.getElementById("telephone").content.cloneNode(true);
    this.#element = copy.firstElementChild;
    this.#element.classList.add(finish, "off");
    this.#element.id = id;
    this.#element.setAttribute("aria-label", `${name}'s telephone`);
    const part = (selector) => this.#element.querySelector(selector);
    this.#parts = Object.fromEntries(["handset", "lamp", "message", "muted", "led", "switch", "wire", "trouble", "unseen"].map((n) => [n, part(`.${n}`)]));
    part("h2").textContent = name;
    document.getElementById("desk").append(copy);
    this.#display = new Display(part(".glass"));
    this.#keypad = new Keypad(part(".keypad"), this.#send);
    this.#cord = new Cord(this.#element);
    this.#listen();
    this.#paint();
  }

  // ---- what the daemon says

  take(message) {
    if (message.event === "frame") this.#frame(message);
    if (message.event === "outputs") this.#outputs(message);
    if (message.event === "status") { this.status = message; this.#paint(); }
    if (message.event === "life") this.#life(message);
  }

  darken(words) {
    this.status = null;
    this.#keypad.releaseAll();
    this.#display.clear();
    this.#outputs({ tone: null, ringing: false, lights: {} });
    this.#parts.trouble.textContent = words;
    this.#element.classList.add("off");
    this.#paint();
  }

  #life({ state, detail }) {
    if (state === "ready") {
      this.#element.classList.remove("off");
      this.#parts.trouble.textContent = "";
    } else {
      this.darken(state === "starting" ? "Starting …" : `This phone stopped. ${detail}`);
    }
  }

  #frame({ png, lines }) {
    this.lines = lines ?? [];
    this.#display.show(png, this.lines);
    const text = this.lines.filter(Boolean).join(". ");
    const steady = text.replace(/\d+:\d\d(:\d\d)?/g, ""); // a running clock is not news
    if (steady !== this.#spoken) this.#parts.unseen.textContent = `${this.#name}: ${text}`;
    this.#spoken = steady;
  }

  #outputs({ tone, ringing, melody, chirp, lights, patterns }) {
    this.tone = tone;
    this.ringing = ringing;
    this.melody = melody;
    this.chirp = chirp || null;
    this.#element.classList.toggle("rings", ringing);
    const { lamp, message, muted, led } = this.#parts;
    for (const [part, name, words] of [[lamp, "ringing", "Ringing"], [message, "message", "Message"], [muted, "mute", "Mute"]]) {
      part.classList.toggle("lit", Boolean(lights?.[name]));
      part.setAttribute("aria-label", `${words} light: ${lights?.[name] ? "on" : "off"}`);
    }
    led.classList.toggle("lit", Boolean(lights?.privacy));
    led.classList.toggle("slow", patterns?.privacy === "slow");
  }

  #paint() {
    const { handset, switch: slide, wire } = this.#parts, { classList } = this.#element;
    if (this.lifted !== classList.contains("lifted")) {
      classList.toggle("lifted", this.lifted);
      this.#cord.follow(LIFT_MS);
    }
    handset.setAttribute("aria-label", this.lifted ? `Put down ${this.#name}'s handset` : `Lift ${this.#name}'s handset`);
    if (this.status && !this.broken) this.#position = this.status.privacy;
    const open = this.status?.privacy === "open";
    classList.toggle("open", open);
    classList.toggle("broken", this.broken);
    slide.setAttribute("aria-checked", String(!open));
    slide.setAttribute("aria-label", `Private${this.broken ? ": the switch cannot be read" : ""}`);
    slide.setAttribute("aria-disabled", String(this.broken));
    wire.textContent = this.broken ? "Mend the switch's wire" : "Pull the switch's wire";
  }

  get lifted() { return this.status?.hook === "off"; }
  get broken() { return this.status?.privacy_cause === "unreadable"; }
  get call() { return this.status?.calls?.find((call) => call.state !== "ended"); }

  // ---- what hands do

  #listen() {
    const { handset, switch: slide, wire } = this.#parts;
    handset.addEventListener("click", () => this.#lift());
    slide.addEventListener("click", () => this.#slide());
    wire.addEventListener("click", () => this.#pull());
    this.#element.addEventListener("mousedown", (event) => { // the telephone takes the focus, not a part of it
      event.preventDefault();
      this.#element.classList.add("by-hand"); // no ring round what a finger points at
      this.#element.focus({ preventScroll: true });
    });
    this.#element.addEventListener("keydown", (event) => this.#keydown(event));
    this.#element.addEventListener("keyup", (event) => this.#keypad.release(event.code));
    this.#element.addEventListener("blur", () => {
      this.#element.classList.remove("by-hand");
      this.#keypad.releaseAll();
    });
    window.addEventListener("blur", () => this.#keypad.releaseAll());
  }

  #keydown(event) {
    this.#element.classList.remove("by-hand");
    if (event.target !== this.#element || event.ctrlKey || event.altKey || event.metaKey) return;
    const act = { " ": () => this.#lift(), p: () => this.#slide(), w: () => this.#pull() }[event.key.toLowerCase()];
    if (!act && !this.#keypad.has(event.key)) return;
    event.preventDefault();
    if (event.repeat) return;
    if (act) act();
    else this.#keypad.press(event.key, event.code);
  }

  #lift() { this.#send({ what: "hook", position: this.lifted ? "down" : "up" }); }

  #slide() {
    if (!this.broken) this.#send({ what: "privacy", position: this.#position === "open" ? "private" : "open" });
  }

  #pull() { this.#send({ what: "privacy", position: this.broken ? this.#position : "broken" }); }
}

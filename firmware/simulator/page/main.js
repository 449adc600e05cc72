// The desk: two telephones, one connection, one line of help.

import { Around } from "./around.js";
import { Link } from "./link.js";
import { Phone } from "./phone.js";
import { Sound } from "./sound.js";

const FINISHES = ["chalk", "graphite"];
const NOTE_MS = 5000;

const phones = new Map();
const banner = document.getElementById("connection");
const hint = document.getElementById("hint");
const mute = document.getElementById("mute"), volume = document.getElementById("volume");
const update = document.getElementById("update"), told = update.querySelector("span");
const firstHint = hint.textContent;
let sound = null, connected = true, fading = 0;

const around = new Around((message) => link.send(message));
const link = new Link(listen, (now) => {
  connected = now;
  note(now ? "" : "No connection to the simulator. Trying again …");
  if (!now) for (const phone of phones.values()) phone.darken("No connection");
  hear();
});

function listen(message) {
  if (message.event === "hello") return welcome(message);
  if (message.event === "refused") return note(message.error, NOTE_MS);
  if (message.event === "update") { told.textContent = message.words; return; }
  if (message.event === "left" || message.event === "around") return around.take(message);
  phones.get(message.phone)?.take(message);
  hear();
  help();
}

function welcome({ phones: list, sounds, languages, deeds }) {
  around.welcome(list, languages, deeds);
  sound ??= new Sound(sounds, volume.value / 100);
  sound.muted = mute.getAttribute("aria-pressed") === "true";
  list.forEach((plan, index) => {
    if (!phones.has(plan.id)) phones.set(plan.id, new Phone(plan, FINISHES[index % FINISHES.length], (message) => link.send(message)));
  });
}

function hear() {
  [...phones.values()].forEach((phone, index) => {
    sound?.play(phone.id, { tone: phone.lifted ? phone.tone : null, ringing: phone.ringing || Boolean(phone.chirp), melody: phone.ringing ? phone.melody : phone.chirp ?? phone.melody, pan: index ? 0.45 : -0.45 });
  });
}

function note(words, milliseconds) {
  clearTimeout(fading);
  banner.textContent = words;
  banner.hidden = !words;
  if (milliseconds) fading = setTimeout(() => { if (connected) banner.hidden = true; }, milliseconds);
}

// What one could do next, said once for both telephones.
function help() {
  const [alice, bob] = [...phones.values()];
  const name = (phone) => (phone === alice ? "Alice" : "Bob");
  const rings = [alice, bob].find((phone) => phone.ringing);
  const talk = [alice, bob].every((phone) => phone.call?.state === "active");
  const dialler = [alice, bob].find((phone) => phone.lifted && !phone.call && phone.tone === "dial");
  let words = firstHint;
  if (rings) words = `Lift ${name(rings)}'s handset to answer.`;
  else if (talk) words = "They talk. Put down either handset to end the call.";
  else if (dialler) words = `Press ${dialler === alice ? 2 : 1} then #: ${name(dialler)} calls ${name(dialler === alice ? bob : alice)}.`;
  if (hint.textContent !== words) hint.textContent = words;
}


update.addEventListener("click", ({ target: { dataset: { release } } }) => {
  const [alice] = phones.keys();
  if (release && alice) link.send({ phone: alice, what: "update", release });
});

mute.addEventListener("click", () => {
  const muted = mute.getAttribute("aria-pressed") === "false";
  mute.setAttribute("aria-pressed", String(muted));
  mute.querySelector("span").textContent = muted ? "Sound off" : "Sound on";
  if (sound) sound.muted = muted;
});
volume.addEventListener("input", () => { if (sound) sound.volume = volume.value / 100; });

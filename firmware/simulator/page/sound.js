// What is heard: the tones in a lifted handset and the ringer, each telephone from its own side of the desk.
// Nothing sounds before a hand has touched the page; browsers ask for that, and so does courtesy.

const AHEAD = 0.4;          // seconds that are planned in advance
const EVERY = 100;          // milliseconds between two looks
const TONE_LEVEL = 0.06;
const RING_LEVEL = 0.075;
const DEPTH = 0.85;         // of tones that are modulated

export class Sound {
  #context = null; #master = null; #voices = new Map(); #sounds; #muted = false; #volume;

  constructor(sounds, volume) {
    this.#sounds = sounds;
    this.#volume = volume;
    const wake = () => {
      if (!this.#context) this.#open();
      this.#context.resume();
    };
    for (const gesture of ["pointerdown", "keydown"]) window.addEventListener(gesture, wake);
    setInterval(() => this.#plan(), EVERY);
  }

  set volume(volume) { this.#volume = volume; this.#level(); }
  set muted(muted) { this.#muted = muted; this.#level(); }

  // `tone` is a name of the tables or null, `melody` one of a ringer; `pan` from -1 (left) to 1.
  play(phone, { tone, ringing, melody, pan }) {
    const name = ringing ? `ring-${melody}` : tone;
    if (this.#voices.get(phone)?.name === name) return;
    this.#voices.get(phone)?.voice?.stop();
    this.#voices.set(phone, { name, pan, voice: null });
    this.#plan();
  }

  #open() {
    this.#context = new AudioContext();
    this.#master = this.#context.createGain();
    this.#master.connect(this.#context.destination);
    this.#level();
  }

  #level() {
    if (!this.#master) return;
    const level = this.#muted ? 0 : this.#volume * this.#volume * 4;
    this.#master.gain.setTargetAtTime(level, this.#context.currentTime, 0.02);
  }

  #plan() {
    if (this.#context?.state !== "running") return;
    for (const slot of this.#voices.values()) {
      const spec = this.#sounds[slot.name];
      if (!spec) continue;
      slot.voice ??= spec.strokes
        ? new Strokes(this.#context, this.#master, spec, slot.pan)
        : new Voice(this.#context, this.#master, spec, slot.name.startsWith("ring-"), slot.pan);
      slot.voice.plan(this.#context.currentTime);
    }
  }
}

// One sound that goes on: oscillators run all the time, a gate makes the cadence.
class Voice {
  #context; #gate; #lead; #bursts; #level; #ring; #sources = []; #next = 0; #until = 0;

  constructor(context, output, spec, ring, pan) {
    this.#context = context;
    this.#lead = spec.lead.length;
    this.#bursts = [...spec.lead, ...spec.bursts];
    this.#ring = ring;
    this.#level = (ring ? RING_LEVEL : TONE_LEVEL) * spec.gain;
    this.#gate = new GainNode(context, { gain: 0 });
    const colour = ring ? { type: "lowpass", frequency: 3000 } : { type: "bandpass", frequency: 1000, Q: 0.4 };
    this.#gate.connect(new BiquadFilterNode(context, colour)).connect(new StereoPannerNode(context, { pan })).connect(output);
    if (spec.turn) this.#warble(spec);
    else this.#chord(spec);
    for (const source of this.#sources) source.start();
  }

  plan(now) {
    const { gain } = this.#gate;
    if (this.#until < now) this.#until = now + 0.02;
    while (this.#until < now + AHEAD) {
      if (this.#next >= this.#bursts.length) this.#next = this.#lead;
      const burst = this.#bursts[this.#next];
      if (!burst) { // after the lead it sounds without end
        gain.setTargetAtTime(this.#level, this.#until, 0.004);
        return;
      }
      this.#next += 1;
      if (burst.on) gain.setTargetAtTime(this.#level * burst.gain, this.#until, 0.004);
      gain.setTargetAtTime(0, this.#until + burst.on, this.#ring ? 0.1 : 0.004);
      this.#until += burst.on + burst.off;
    }
  }

  stop() {
    const now = this.#context.currentTime;
    this.#gate.gain.cancelScheduledValues(now);
    this.#gate.gain.setTargetAtTime(0, now, 0.01);
    for (const source of this.#sources) source.stop(now + 0.2);
  }

  #oscillator(type, frequency) {
    const source = new OscillatorNode(this.#context, { type, frequency });
    this.#sources.push(source);
    return source;
  }

  #chord({ frequencies, modulation }) {
    const mix = new GainNode(this.#context, { gain: 1 / Math.sqrt(frequencies.length) });
    for (const frequency of frequencies) this.#oscillator("sine", frequency).connect(mix);
    if (modulation) {
      const depth = new GainNode(this.#context, { gain: DEPTH * mix.gain.value });
      this.#oscillator("sine", modulation).connect(depth).connect(mix.gain);
    }
    mix.connect(this.#gate);
  }

  // Two notes in turn, with a soft octave above them as a small bell has.
  #warble({ frequencies: [low, high], turn }) {
    for (const [partial, loudness] of [[1, 1], [2, 0.22]]) {
      const note = this.#oscillator("triangle", partial * (low + high) / 2);
      const swing = new GainNode(this.#context, { gain: partial * (low - high) / 2 });
      this.#oscillator("square", 1 / (2 * turn)).connect(swing).connect(note.frequency);
      note.connect(new GainNode(this.#context, { gain: loudness })).connect(this.#gate);
    }
  }
}

// A melody: each note is struck and dies away, its partials at different times.
class Strokes {
  #context; #gate; #spec; #sources = new Set(); #next = 0; #round = 0;

  constructor(context, output, spec, pan) {
    this.#context = context;
    this.#spec = spec;
    this.#gate = new GainNode(context, { gain: RING_LEVEL });
    this.#gate.connect(new StereoPannerNode(context, { pan })).connect(output);
  }

  plan(now) {
    const { strokes, length } = this.#spec;
    if (this.#round + length < now) [this.#round, this.#next] = [now + 0.02, 0];
    while (this.#round + strokes[this.#next].at < now + AHEAD) {
      this.#strike(strokes[this.#next].hz, this.#round + strokes[this.#next].at);
      this.#next = (this.#next + 1) % strokes.length;
      if (!this.#next) this.#round += length;
    }
  }

  stop() {
    const now = this.#context.currentTime;
    this.#gate.gain.setTargetAtTime(0, now, 0.01);
    for (const source of this.#sources) source.stop(now + 0.2);
  }

  #strike(hz, at) {
    for (const { ratio, share, fades } of this.#spec.partials) {
      const source = new OscillatorNode(this.#context, { frequency: hz * ratio });
      const gain = new GainNode(this.#context, { gain: 0 });
      gain.gain.setValueAtTime(share, at);
      gain.gain.setTargetAtTime(0, at, fades);
      source.connect(gain).connect(this.#gate);
      source.start(at);
      source.stop(at + this.#spec.tail);
      this.#sources.add(source);
      source.onended = () => this.#sources.delete(source);
    }
  }
}

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

  // `tone` is a name of the tables or null; `pan` from -1 (left) to 1.
  play(phone, { tone, ringing, pan }) {
    const name = ringing ? "ring" : tone;
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
      slot.voice ??= new Voice(this.#context, this.#master, spec, slot.name === "ring", slot.pan);
      slot.voice.plan(this.#context.currentTime);
    }
  }
}

// One sound that goes on: oscillators run all the time, a gate makes the cadence.
class Voice {
  #context; #gate; #bursts; #level; #ring; #sources = []; #next = 0; #until = 0;

  constructor(context, output, spec, ring, pan) {
    this.#context = context;
    this.#bursts = spec.bursts;
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
    if (!this.#bursts.length) gain.setTargetAtTime(this.#level, now, 0.004);
    while (this.#bursts.length && this.#until < now + AHEAD) {
      const burst = this.#bursts[this.#next];
      this.#next = (this.#next + 1) % this.#bursts.length;
      gain.setTargetAtTime(this.#level * burst.gain, this.#until, 0.004);
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

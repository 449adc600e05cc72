// The display: the true 128 x 64 pixels on a canvas, enlarged by a whole number.

const WIDTH = 128, HEIGHT = 64;
const SMALLEST_GAP = 3; // screen pixels in one display pixel from which on the gaps are drawn

export class Display {
  #glass; #canvas; #mesh; #paper; #newest = 0;

  constructor(glass) {
    this.#glass = glass;
    this.#canvas = glass.querySelector("canvas");
    this.#mesh = glass.querySelector(".mesh");
    this.#paper = this.#canvas.getContext("2d", { willReadFrequently: true });
    new ResizeObserver(() => this.#fit()).observe(glass);
    this.clear();
  }

  async show(base64, lines) {
    const turn = ++this.#newest;
    const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
    const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    if (turn !== this.#newest) return; // a newer picture overtook this one
    this.#paper.clearRect(0, 0, WIDTH, HEIGHT);
    this.#paper.drawImage(image, 0, 0);
    this.#glow();
    this.#canvas.setAttribute("aria-label", `Display: ${lines.join(". ") || "dark"}`);
  }

  clear() {
    this.#newest += 1;
    this.#paper.clearRect(0, 0, WIDTH, HEIGHT);
    this.#canvas.setAttribute("aria-label", "Display: dark");
  }

  // A pixel that is off lets the glass through, so that only those that are on glow.
  #glow() {
    const pixels = this.#paper.getImageData(0, 0, WIDTH, HEIGHT);
    for (let i = 0; i < pixels.data.length; i += 4) pixels.data[i + 3] = pixels.data[i];
    this.#paper.putImageData(pixels, 0, 0);
  }

  #fit() {
    const ratio = window.devicePixelRatio || 1;
    const factor = Math.max(1, Math.floor(this.#glass.clientWidth * ratio / WIDTH));
    const width = `${WIDTH * factor / ratio}px`, height = `${HEIGHT * factor / ratio}px`;
    for (const layer of [this.#canvas, this.#mesh]) Object.assign(layer.style, { width, height });
    const cell = factor / ratio, line = 1 / ratio;
    this.#mesh.style.backgroundSize = `${cell}px ${cell}px`;
    this.#mesh.style.backgroundImage = factor < SMALLEST_GAP ? "none" :
      `linear-gradient(#0000 ${cell - line}px, #0008 0), linear-gradient(90deg, #0000 ${cell - line}px, #0008 0)`;
  }
}

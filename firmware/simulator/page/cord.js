// The coiled cord between handset and body: as many turns as ever, drawn apart when the handset is lifted.

const TURNS = 26;
const STEPS = 14;        // points in one turn
const RADIUS = 6.2;      // of a turn, in the telephone's units

export class Cord {
  #phone; #paths; #outlet; #socket; #until = 0;

  constructor(phone) {
    this.#phone = phone;
    this.#paths = phone.querySelectorAll(".cord path");
    this.#outlet = phone.querySelector(".outlet");
    this.#socket = phone.querySelector(".socket");
    phone.querySelector(".handset").addEventListener("transitionend", () => this.#draw());
    new ResizeObserver(() => this.#draw()).observe(phone);
  }

  follow(milliseconds) {
    const running = this.#until > performance.now();
    this.#until = performance.now() + milliseconds;
    if (!running) this.#frame();
  }

  #frame() {
    this.#draw();
    if (performance.now() < this.#until) requestAnimationFrame(() => this.#frame());
  }

  #draw() {
    const page = this.#phone.getBoundingClientRect();
    const unit = parseFloat(getComputedStyle(this.#outlet).bottom) / 5 || 1;
    const from = centre(this.#outlet, page), to = centre(this.#socket, page);
    const d = coil(from, to, unit);
    for (const path of this.#paths) path.setAttribute("d", d);
  }
}

function centre(element, page) {
  const box = element.getBoundingClientRect();
  return { x: (box.left + box.right) / 2 - page.left, y: (box.top + box.bottom) / 2 - page.top };
}

// A curve that leaves both ends away from the body and hangs between them, wound round by a turning point.
function coil(from, to, unit) {
  const aside = to.x < from.x - 40 * unit || Math.abs(to.x) < 4 * unit; // the socket is in the body's left side
  const sag = (aside ? 32 : 46) * unit;
  const bend = aside
    ? [{ x: from.x - sag, y: from.y + sag * .5 }, { x: to.x - sag, y: to.y }]
    : [{ x: from.x, y: from.y + sag * .9 }, { x: to.x, y: to.y + sag * 1.05 }];
  const total = TURNS * STEPS, points = [];
  for (let i = 0; i <= total; i++) {
    const t = i / total, { x, y, dx, dy } = bezier(from, bend[0], bend[1], to, t);
    const length = Math.hypot(dx, dy) || 1;
    const swell = Math.min(1, t * 9, (1 - t) * 9); // straight where it enters the plugs
    const angle = t * TURNS * 2 * Math.PI;
    const across = Math.sin(angle) * RADIUS * unit * swell, along = (Math.cos(angle) - 1) * RADIUS * .55 * unit * swell;
    points.push(`${(x - dy / length * across + dx / length * along).toFixed(1)} ${(y + dx / length * across + dy / length * along).toFixed(1)}`);
  }
  return `M${points.join("L")}`;
}

function bezier(a, b, c, d, t) {
  const s = 1 - t;
  const mix = (p, q, r, w) => s * s * s * p + 3 * s * s * t * q + 3 * s * t * t * r + t * t * t * w;
  const slope = (p, q, r, w) => 3 * s * s * (q - p) + 6 * s * t * (r - q) + 3 * t * t * (w - r);
  return { x: mix(a.x, b.x, c.x, d.x), y: mix(a.y, b.y, c.y, d.y), dx: slope(a.x, b.x, c.x, d.x), dy: slope(a.y, b.y, c.y, d.y) };
}

// What is around the telephones: what has just left them, who carries it, a third caller, the language.

export class Around {
  #send; #names = new Map(); #letters = new Map(); #chosen = null; #pinned = false; #newest = null; #deeds = {};
  #root = document.getElementById("around");
  #list = this.#root.querySelector("ol");
  #sheet = this.#root.querySelector(".letter");
  #provider = document.getElementById("provider");
  #third = document.getElementById("third");
  #language = document.getElementById("language");
  #firstWords = this.#third.querySelector("p").innerHTML;

  constructor(send) {
    this.#send = send;
    this.#list.addEventListener("click", ({ target }) => {
      const number = Number(target.closest("button")?.dataset.number);
      if (number) { this.#pinned = true; this.#show(number); }
    });
    this.#provider.addEventListener("change", ({ target }) => this.#ask({ what: "provider", does: target.value }));
    this.#third.addEventListener("click", ({ target: { dataset: { act } } }) => { if (act) this.#ask({ what: "third", act }); });
    this.#language.addEventListener("change", () => this.#ask({ what: "language", code: this.#language.value }));
  }

  welcome(phones, languages, deeds) {
    if (this.#names.size) return;
    for (const { id, name } of phones) this.#names.set(id, name);
    for (const [code, name] of Object.entries(languages)) this.#language.append(new Option(name, code));
    this.#deeds = deeds;
    for (const [word, [name]] of Object.entries(deeds)) {
      const label = document.createElement("label"), choice = document.createElement("input");
      Object.assign(choice, { type: "radio", name: "deed", value: word });
      label.append(choice, ` A provider who ${name}`);
      this.#provider.querySelector("p").before(label);
    }
  }

  take(message) {
    if (message.event === "around") return this.#around(message);
    this.#letters.set(message.phone, message.letters);
    this.#post();
  }

  #ask(message) {
    const [phone] = this.#names.keys();
    if (phone) this.#send({ phone, ...message });
  }

  #around({ deed, third, language }) {
    for (const choice of this.#provider.querySelectorAll("input")) choice.checked = choice.value === deed;
    const [, does, meets] = this.#deeds[deed] ?? ["", "", ""];
    this.#provider.querySelector("p").textContent = `The provider ${does}. ${deed === "honest" ? `It ${meets}` : meets}`;
    const words = this.#third.querySelector("p");
    if (third) words.textContent = third;
    else words.innerHTML = this.#firstWords;
    if (language) this.#language.value = language;
  }

  // ---- the letters

  #all() {
    const all = [...this.#letters].flatMap(([phone, letters]) => letters.map((letter) => ({ phone, ...letter })));
    return all.sort((one, other) => one.number - other.number);
  }

  #post() {
    const all = this.#all();
    this.#list.replaceChildren(...all.map((letter) => this.#entry(letter)));
    const newest = all.filter(({ title }) => title === "INVITE").at(-1) ?? all.at(-1);
    if (newest?.number !== this.#newest || !all.some(({ number }) => number === this.#chosen)) this.#pinned = false;
    this.#newest = newest?.number; // a new call is shown by itself
    if (newest) this.#show(this.#pinned ? this.#chosen : newest.number);
    this.#list.scrollTop = this.#list.scrollHeight;
  }

  #entry({ phone, number, title, words, changed }) {
    const item = document.createElement("li"), button = document.createElement("button");
    const who = document.createElement("b"), said = document.createElement("q"), raw = document.createElement("small");
    who.textContent = this.#names.get(phone) ?? phone;
    said.textContent = words;
    raw.textContent = changed ? `${title}, changed on the way` : title;
    item.classList.toggle("changed", changed);
    button.type = "button";
    button.dataset.number = number;
    button.append(who, " ", said, raw);
    item.append(button);
    return item;
  }

  #show(number) {
    const letter = this.#all().find((one) => one.number === number);
    if (!letter) return;
    for (const button of this.#list.querySelectorAll("button")) {
      button.setAttribute("aria-current", String(Number(button.dataset.number) === number));
    }
    if (this.#chosen === number && this.#sheet.querySelector("table")) return;
    this.#chosen = number;
    const table = document.createElement("table");
    for (const [raw, words, told] of letter.lines) {
      const row = table.insertRow();
      row.classList.toggle("told", told);
      row.insertCell().append(Object.assign(document.createElement("code"), { textContent: raw }));
      row.insertCell().textContent = words;
    }
    this.#sheet.replaceChildren(table);
  }
}

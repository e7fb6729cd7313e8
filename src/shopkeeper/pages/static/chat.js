// Customer service as a web component: for the storefront and, with a publishable key, for other origins (docs/chat.md).
// Texts become nodes, never markup. What is sent carries a key, so that it may be sent again.
"use strict";

(() => {
const script = document.currentScript;
const SMALL = matchMedia("(max-width: 559px)");
const KEPT_MS = 12 * 3600e3; // of silence that end a conversation
const HAS_CHINESE = /[\u3400-\u9fff]/;

const WORDS = {
  en: {
    open: "Chat", unread: "{n} new", title: "Customer service", ai: "AI assistant, not a person", person: "A person answers",
    introduction: "I am an AI assistant, not a person. I answer from this shop's pages, products and your orders, and change nothing before you say yes. You can talk to a person at any time.",
    starts: ["Where is my order?", "I want to return something", "How long is the warranty?"],
    say: "Your message", send: "Send", close: "Close", end: "End chat", human: "Talk to a person", human_said: "I would like to talk to a person.",
    waiting: "A person will answer here.", writing: "Writing…", lost: "No connection. Your message is kept and sent again.",
    proposal: "Please confirm", yes: "Yes, do it", no: "No", yes_said: "Yes", no_said: "No", done: "Done", declined: "Not done", gone: "Not open any more",
    source: "Source", rules: "the shop's rules", from: "from {price}", to_cart: "Add to cart", sold_out: "Sold out", you: "You", it: "Assistant", products: "Products", staff: "Person",
    refused: "That could not be sent: {why}", gone_said: "That was not open any more: nothing was done.", gone_chat: "The earlier chat is gone. This is a new one.",
    solved: "Is it solved?", solved_yes: "Yes", solved_no: "No", rating: "How was this conversation? (1 bad, 5 good)", words: "What should we know? (optional)", skip: "Skip", not_rated: "No connection. Please try again.", thanks: "Thank you.", anew: "New chat", back_to: "Back to the chat",
  },
  zh: {
    open: "咨询", unread: "{n} 条新消息", title: "客户服务", ai: "AI 助手，不是真人", person: "人工客服为您服务",
    introduction: "我是 AI 助手，不是真人。我依据本店页面、商品和您的订单回答；未经您同意，不会更改任何内容。您可以随时转人工客服。",
    starts: ["我的订单在哪里？", "我想退货", "保修多久？"],
    say: "您的消息", send: "发送", close: "关闭", end: "结束对话", human: "转人工客服", human_said: "请转人工客服。",
    waiting: "人工客服将在这里回复您。", writing: "正在输入…", lost: "连接中断。您的消息已保留，稍后会重新发送。",
    proposal: "请确认", yes: "是，办理", no: "否", yes_said: "是的", no_said: "不用了", done: "已办理", declined: "未办理", gone: "已失效",
    source: "来源", rules: "本店规则", from: "{price} 起", to_cart: "加入购物车", sold_out: "售罄", you: "您", it: "助手", products: "商品", staff: "人工客服",
    refused: "未能发送：{why}", gone_said: "该操作已失效，未做任何更改。", gone_chat: "之前的对话已不存在。这是新的对话。",
    solved: "问题解决了吗？", solved_yes: "是", solved_no: "否", rating: "您对这次对话满意吗？（1 不满意，5 满意）", words: "您想告诉我们什么？（选填）", skip: "跳过", not_rated: "连接中断，请重试。", thanks: "谢谢。", anew: "新对话", back_to: "返回对话",
  },
};

const STYLE = `
:host { all: initial; display: inline-block; color-scheme: light dark; color: var(--text); font: 14px/1.5 system-ui, "Segoe UI", Roboto, "PingFang SC", sans-serif;
  --accent: var(--shopkeeper-accent, light-dark(#1f5f4a,#7fcfb0)); --on-accent: var(--shopkeeper-accent-text, light-dark(#fff,#0c1f18));
  --surface: light-dark(#fff,#1e211c); --sunken: light-dark(#f3f1ec,#2a2e27); --mine: light-dark(#e0eee8,#20372e); --text: light-dark(#1c1d1a,#eceee8); --muted: light-dark(#5b5e55,#a6ab9e);
  --border: light-dark(#d9dad2,#363a32); --line: 1px solid var(--border); --warning: light-dark(#8a5300,#e6b35c); --critical: light-dark(#b3261e,#ff8f86); --focus: light-dark(#1a56c4,#8fb5ff) }
:host([theme="light"]) { color-scheme: light } :host([theme="dark"]) { color-scheme: dark }
:host(:not([inline])) { position: fixed; right: 16px; bottom: 16px; z-index: 9999 }
*, ::before, ::after { box-sizing: border-box } [hidden], .gone:empty { display: none !important }
dialog, p, h2, h3, ul, fieldset, blockquote { margin: 0; padding: 0; border: 0; min-width: 0; font-size: inherit }
button, textarea { font: inherit; color: inherit; border: var(--line); border-radius: 8px; padding: 6px 12px; min-height: 36px; background: none }
button { cursor: pointer; font-weight: 600; display: inline-flex; gap: 6px; align-items: center }
.primary { background: var(--accent); border-color: var(--accent); color: var(--on-accent) } .plain { border-color: transparent; font-weight: 500; padding: 6px 8px }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; border-radius: 4px }
svg { width: 20px; height: 20px; fill: none; stroke: currentColor; stroke-width: 1.6; stroke-linecap: round; stroke-linejoin: round }
.hush { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
:host(:not([inline])) .launch { border-radius: 24px; padding: 0 18px; min-height: 48px; box-shadow: 0 4px 16px rgb(0 0 0 / 18%) }
:host([inline]) .launch { border-color: transparent; background: none; color: inherit; padding: 7px 8px; font-weight: 500 }
.badge { background: var(--critical); color: var(--surface); border-radius: 9px; padding: 0 6px; font-size: 12px; line-height: 18px }
dialog { position: fixed; inset: auto 16px 16px auto; width: 400px; height: min(660px, calc(100vh - 32px)); max-width: none; max-height: none; border: var(--line); border-radius: 12px; background: var(--surface); color: inherit; box-shadow: 0 8px 40px rgb(0 0 0 / 22%); overflow: hidden }
dialog:popover-open, dialog[open] { display: grid; grid-template: auto minmax(0, 1fr) auto / minmax(0, 1fr) }
.head { display: flex; align-items: center; padding: 10px 8px 10px 16px; border-bottom: var(--line) } .head div { flex: 1 } h2 { font-size: 16px; line-height: 1.25 }
.small, .head p, .by, .line, .bar { font-size: 12px; color: var(--muted) }
.log { overflow-y: auto; overscroll-behavior: contain; padding: 16px; display: flex; flex-direction: column; gap: 12px }
.said { max-width: 88%; align-self: flex-start; display: grid; gap: 8px } .mine { align-self: flex-end } .by { margin-bottom: -6px } .line { align-self: center; text-align: center }
.text { padding: 8px 12px; border-radius: 12px 12px 12px 4px; background: var(--sunken); white-space: pre-line; overflow-wrap: anywhere; justify-self: start }
.mine .text { background: var(--mine); border-radius: 12px 12px 4px 12px; justify-self: end } .unsent .text { opacity: .7 }
q { quotes: none; background: var(--mine); border-radius: 3px; padding: 0 2px } blockquote { padding-left: 10px; border-left: 3px solid var(--accent) }
a { color: var(--accent) }
.cards { display: flex; gap: 8px; overflow-x: auto; list-style: none; padding: 2px } .cards li { flex: 0 0 132px; display: grid; grid-template-rows: 1fr auto; gap: 6px } .cards button { width: 100%; justify-content: center }
.cards a { display: grid; gap: 2px; align-content: start; padding: 8px; border: var(--line); border-radius: 8px; color: inherit; text-decoration: none }
.cards img { width: 100%; height: auto; aspect-ratio: 1; object-fit: cover; border-radius: 6px; background: var(--sunken) } .cards b { font-weight: 500; line-height: 1.3 } s, .gone { color: var(--muted) } .price { font-weight: 650 }
.proposal { border: 1px solid var(--accent); border-radius: 8px; padding: 12px; display: grid; gap: 8px; overflow-wrap: anywhere } .over { border-color: var(--border) } .note { color: var(--warning) }
.row { display: flex; flex-wrap: wrap; gap: 8px } .starts button { border-radius: 18px; font-weight: 500; text-align: start }
.foot { border-top: var(--line); padding: 8px 12px; display: grid; gap: 4px } .say { display: flex; gap: 8px; align-items: flex-end }
textarea { width: 100%; resize: none; field-sizing: content; border-color: var(--muted); max-height: 116px } .send { padding: 6px 10px; min-height: 38px }
.bar { display: flex; justify-content: space-between; align-items: center } .bar button { min-height: 28px; padding: 2px 6px; color: var(--text) } .bar svg { width: 16px; height: 16px } .bad { color: var(--critical) }
.rate { padding: 16px; display: grid; gap: 16px; align-content: start; overflow-y: auto } legend, .rate label { font-weight: 600; padding: 0 0 6px; display: block }
.rate .row label { font-weight: 500; border: 1px solid var(--muted); border-radius: 8px; padding: 6px 12px; display: flex; gap: 6px; align-items: center } input { accent-color: var(--accent); margin: 0 }
@media (max-width: 559px) { dialog { inset: 0; width: 100%; height: 100dvh; border: 0; border-radius: 0 } :host([inline]) .name { display: none } }
`;
const ICONS = {
  chat: "M3 4.5h14v9H9l-4 3.5v-3.5H3z", close: "M5 5l10 10M15 5L5 15", send: "M3 10h13M10.5 4.5L16 10l-5.5 5.5",
  person: "M10 10a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM4 16.5c.8-3 3-4 6-4s5.2 1 6 4",
};

/** An element, "tag.class.class", with its properties and children; strings become text. */
function h(kind, properties = {}, ...children) {
  const [tag, ...classes] = kind.split(".");
  const made = document.createElement(tag);
  made.classList.add(...classes);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name in made && name !== "list") made[name] = value;
    else if (value !== null) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== ""));
  return made;
}

function icon(name) {
  const [made, path] = ["svg", "path"].map((tag) => document.createElementNS("http://www.w3.org/2000/svg", tag));
  made.setAttribute("viewBox", "0 0 20 20");
  made.setAttribute("aria-hidden", "true");
  path.setAttribute("d", ICONS[name]);
  made.append(path);
  return made;
}

function button(kind, press, ...children) {
  return h(`button${kind}`, { type: "button", onclick: press }, ...children);
}

const languageOf = (text) => (HAS_CHINESE.test(text) ? "zh" : "en");
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** What a stream of server-sent events holds, as [event, data]. */
async function* eventsOf(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (rest + value).split("\n\n");
    rest = parts.pop();
    for (const part of parts) {
      const lines = part.split("\n");
      const data = lines.find((line) => line.startsWith("data: "));
      if (data) yield [lines.find((line) => line.startsWith("event: ")).slice(7), JSON.parse(data.slice(6))];
    }
  }
}

class ShopkeeperChat extends HTMLElement {
  connectedCallback() {
    if (this.shadowRoot) return;
    this.base = this.getAttribute("base") ?? "";
    this.key = this.getAttribute("key") ?? "";
    const asked = this.getAttribute("language") || document.documentElement.lang || navigator.language;
    this.language = asked.toLowerCase().startsWith("zh") ? "zh" : "en";
    this.spoken = this.language; // what the agent speaks, which follows the customer
    this.words = WORDS[this.language];
    this.recall();
    this.last = 0; // id of the newest shown message
    this.shown = new Set(); // ids of messages
    this.unsent = new Map(); // key of a message -> its element
    this.offers = []; // proposals that wait for a yes or no
    this.settled = new Map(); // id of a proposal -> what tells what became of it
    this.withPerson = false;
    this.unread = 0;
    this.draw();
    document.addEventListener("visibilitychange", () => this.follow());
    addEventListener("online", () => this.wake?.());
    document.addEventListener("click", (event) => {
      if (event.target.closest?.('a[href="#chat"]')) { event.preventDefault(); this.open(); }
    });
    if (this.kept.id) this.load().then(() => this.send());
    if (this.kept.open && !SMALL.matches) this.open(false);
  }

  // Kept between pages

  recall() {
    this.kept = { id: "", outbox: [], open: false, at: 0 };
    try {
      const found = JSON.parse(localStorage.getItem(`shopkeeper-chat ${this.base}`));
      if (found && Date.now() - found.at < KEPT_MS) this.kept = found;
    } catch { /* not allowed */ }
  }

  keep(changes) {
    Object.assign(this.kept, changes, { at: Date.now() });
    try { localStorage.setItem(`shopkeeper-chat ${this.base}`, JSON.stringify(this.kept)); } catch { /* not allowed */ }
  }

  // Drawing

  draw() {
    const w = this.words;
    const shadow = this.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    shadow.adoptedStyleSheets = [sheet];
    this.badge = h("span.badge", { hidden: true });
    this.launcher = button(".launch.primary", () => (this.isOpen ? this.close() : this.open()), icon("chat"), h("span.name", {}, w.open), this.badge);
    this.launcher.setAttribute("aria-haspopup", "dialog");
    this.launcher.setAttribute("aria-label", w.open);
    this.who = h("p", {}, w.ai);
    this.log = h("div.log", { role: "log", tabIndex: 0, "aria-label": w.title });
    this.field = h("textarea", { rows: 1, maxLength: 4000, id: "say", placeholder: w.say, onkeydown: (event) => { if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); this.submit(); } } });
    this.status = h("p", { role: "status" });
    this.human = button(".plain", () => this.say(WORDS[this.spoken].human_said), icon("person"), w.human);
    this.ender = button(".plain", () => this.rate(), w.end);
    const form = h("form.say", { onsubmit: (event) => { event.preventDefault(); this.submit(); } },
      h("label.hush", { htmlFor: "say" }, w.say), this.field,
      h("button.primary.send", { "aria-label": w.send }, icon("send")));
    this.foot = h("div.foot", {}, form, h("div.bar", {}, this.human, this.status, this.ender));
    this.panel = h("dialog", { popover: "manual", "aria-labelledby": "title", oncancel: (event) => event.preventDefault(), onkeydown: (event) => event.key === "Escape" && this.close() },
      h("div.head", {}, h("div", {}, h("h2", { id: "title" }, w.title), this.who),
        button(".plain", () => this.close(), icon("close"), h("span.hush", {}, w.close))),
      this.log, this.foot);
    this.panel.lang = this.language;
    shadow.append(this.launcher, this.panel);
    this.begin();
  }

  /** What stands in the log before the first message. */
  begin() {
    const w = this.words;
    this.starts = h("div.row.starts", {}, ...w.starts.map((text) => button("", () => this.say(text), text)));
    this.log.replaceChildren(h("div.said", {}, h("p.text", {}, w.introduction)), this.starts);
    this.ender.hidden = true;
    if (this.kept.id) this.begun();
    for (const item of this.kept.outbox) this.drawUnsent(item);
  }

  drawUnsent(item) {
    const made = h("div.said.mine.unsent", {}, h("span.hush", {}, this.words.you), h("p.text", { lang: languageOf(item.text) }, item.text));
    this.unsent.set(item.key, made);
    this.log.append(made);
    this.begun();
    this.scroll();
  }

  begun() {
    this.starts.hidden = true;
    this.ender.hidden = false;
  }

  /** Show a message that the server has, once. */
  add(message) {
    if (this.shown.has(message.id)) return;
    this.begun();
    this.last = Math.max(this.last, message.id);
    if (message.who !== "customer") this.spoken = languageOf(message.text);
    if (message.who === "agent") for (const offer of this.offers.splice(0)) offer.close();
    for (const [id, state] of Object.entries(message.settled)) this.settled.get(id)?.(state);
    const made = this.drawn(message);
    this.shown.add(message.id);
    const place = message.key ? this.unsent.get(message.key) : message.who === "agent" ? this.partial : null;
    if (place) {
      place.replaceWith(made);
      this.unsent.delete(message.key);
      if (place === this.partial) this.partial = null;
    } else {
      this.log.insertBefore(made, [...this.unsent.values()][0] ?? this.partial ?? null);
    }
    if (message.who === "staff" && !this.isOpen) this.count(this.unread + 1);
    this.scroll();
  }

  drawn(message) {
    const w = this.words, mine = message.who === "customer";
    const made = h(`div.said${mine ? ".mine" : ""}`);
    made.append(message.who === "staff" ? h("p.by", {}, message.author || w.staff) : h("span.hush", {}, mine ? w.you : w.it));
    let text = message.text;
    for (const offer of message.proposals) for (const p of [offer.summary, ...offer.notes]) text = text.replace(": " + p, ".").replace("：" + p, "。").replace(p, "").replace(/ {2,}/g, " ");
    const listed = message.products.map((product) => `- ${product.title}`);
    text = text.split("\n").filter((line) => !listed.some((start) => line.startsWith(start))).join("\n");
    if (text.trim()) made.append(this.quoted(text.trim(), message.quotes));
    for (const quote of message.quotes) if (!text.includes(quote.text)) made.append(h("blockquote", { lang: languageOf(quote.text) }, quote.text));
    const sources = new Map(message.quotes.map((quote) => [quote.url + quote.title, quote]));
    if (sources.size) made.append(h("p.small", {}, `${w.source}: `, ...[...sources.values()].flatMap((quote, n) => [n ? ", " : "", quote.url ? h("a", { href: this.base + quote.url, ...this.target() }, quote.title) : quote.title || w.rules])));
    if (message.products.length) made.append(h("ul.cards", { "aria-label": w.products }, ...message.products.map((product) => this.card(product))));
    for (const offer of message.proposals) made.append(this.offer(offer));
    return made;
  }

  /** A text in which the sentences that it quotes are marked. */
  quoted(text, quotes) {
    const made = h("p.text", { lang: languageOf(text) });
    let rest = text;
    for (const quote of quotes) {
      const at = rest.indexOf(quote.text);
      if (at < 0) continue;
      made.append(rest.slice(0, at), h("q", {}, quote.text));
      rest = rest.slice(at + quote.text.length);
    }
    made.append(rest);
    return made;
  }

  card(product) {
    const w = this.words;
    const price = product.from_price ? w.from.replace("{price}", product.price) : product.price;
    const link = this.key && product.shop_url ? product.shop_url : this.base + product.url;
    return h("li", {}, h("a", { href: link, ...this.target(), onclick: () => { if (SMALL.matches) this.close(); } },
      h("img", { src: new URL(product.picture, this.base || location), alt: "" }),
      h("b", {}, product.title), product.price ? h("span.price", {}, price, product.before ? " " : "", product.before ? h("s", {}, product.before) : "") : "",
      product.buyable ? "" : h("span.gone", {}, w.sold_out)),
      product.variant && !this.key ? h("form", { method: "post", action: `${this.base}/cart` },
        h("button.primary", { name: "variant", value: product.variant }, w.to_cart)) : "");
  }

  /** From another origin, the shop's pages open beside. */
  target() {
    return this.key ? { target: "_blank", rel: "noopener" } : {};
  }

  /** A proposal: what will change, and a plain yes or no that belongs to it alone. */
  offer(offer) {
    const w = this.words, language = languageOf(offer.summary), said = WORDS[language];
    const state = h("p.gone", {});
    const answer = (text) => { for (const button of buttons.children) button.disabled = true; this.say(text, offer.id); };
    const buttons = h("div.row", {},
      button(".primary", () => answer(said.yes_said), w.yes),
      button("", () => { control.state = "declined"; answer(said.no_said); }, w.no));
    const card = h("section.proposal", { "aria-label": w.proposal }, h("h3", {}, w.proposal), h("p", { lang: language }, offer.summary),
      ...offer.notes.map((note) => h("p.note", { lang: language }, note)), buttons, state);
    const close = (how) => {
      card.classList.add("over");
      buttons.hidden = true;
      state.textContent = w[how === "done" || how === "declined" ? how : "gone"];
    };
    const control = { state: "", close() { close(this.state); } };
    if (offer.waits) this.offers.push(control);
    else close(offer.state);
    this.settled.set(offer.id, close);
    return card;
  }

  line(text) {
    this.log.append(h("p.line", {}, text));
    this.scroll();
  }

  scroll() {
    this.log.scrollTop = this.log.scrollHeight;
  }

  tell(text, bad = false) {
    this.status.textContent = text;
    this.status.classList.toggle("bad", bad);
  }

  count(unread) {
    this.unread = unread;
    const said = this.words.unread.replace("{n}", unread);
    this.badge.textContent = unread;
    this.badge.hidden = !unread;
    this.launcher.setAttribute("aria-label", unread ? `${this.words.open}, ${said}` : this.words.open);
  }

  person(answers) {
    this.withPerson = answers;
    this.who.textContent = answers ? this.words.person : this.words.ai;
    this.human.hidden = answers;
    this.tell(answers ? this.words.waiting : "");
  }

  // Opening and closing

  get isOpen() {
    return this.panel.open || this.panel.matches(":popover-open");
  }

  open(focus = true) {
    if (this.isOpen) return;
    if (SMALL.matches) { this.panel.removeAttribute("popover"); this.panel.showModal(); }
    else { this.panel.setAttribute("popover", "manual"); this.panel.showPopover(); }
    this.keep({ open: true });
    this.launcher.setAttribute("aria-expanded", "true");
    this.count(0);
    if (focus) (SMALL.matches ? this.log : this.field).focus();
    else this.shadowRoot.activeElement?.blur(); // showing it took the focus
    this.scroll();
    this.follow();
  }

  close() {
    if (!this.isOpen) return;
    this.panel.open ? this.panel.close() : this.panel.hidePopover();
    this.keep({ open: false });
    this.launcher.setAttribute("aria-expanded", "false");
    this.launcher.focus();
    this.follow();
  }

  submit() {
    const text = this.field.value.trim();
    if (!text) return;
    this.field.value = "";
    this.say(text);
  }

  // Sending: one after another, until each has arrived

  say(text, about = "") {
    const item = { key: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`, text, about };
    this.keep({ outbox: [...this.kept.outbox, item] });
    this.drawUnsent(item);
    this.send();
  }

  ask(path, { body, accept, signal } = {}) {
    const headers = accept ? { accept } : {};
    if (this.key) headers.authorization = `Bearer ${this.key}`;
    if (body) headers["content-type"] = "application/json";
    const where = this.key ? "/v1/support/conversations" : "/chat/conversations";
    return fetch(this.base + where + path, { method: body ? "POST" : "GET", body: body && JSON.stringify(body), signal, headers, credentials: "omit" });
  }

  async send() {
    if (this.sending) return;
    this.sending = true;
    let failures = 0;
    while (this.kept.outbox.length) {
      const item = this.kept.outbox[0];
      try {
        await this.deliver(item);
        failures = 0;
      } catch (error) {
        if (error.final) {
          this.sent(item);
          this.unsent.get(item.key)?.remove();
          if (!item.about) this.field.value ||= item.text;
          this.line(error.message);
        } else {
          this.tell(this.words.lost, true);
          await Promise.race([pause(Math.min(15000, 1000 * 2 ** failures++)), new Promise((done) => (this.wake = done))]);
        }
      }
    }
    this.sending = false;
  }

  sent(item) {
    this.keep({ outbox: this.kept.outbox.filter((other) => other !== item) });
  }

  async deliver(item) {
    if (!this.kept.id) {
      const token = this.getAttribute("token") ?? "";
      const opened = await this.checked(await this.ask("", { body: { language: this.language, token } }));
      this.keep({ id: (await opened.json()).id });
      this.follow();
    }
    const { key, text, about } = item;
    this.forgetPartial();
    this.tell(this.withPerson ? this.words.waiting : this.words.writing);
    const response = await this.ask(`/${this.kept.id}/messages`, { accept: "text/event-stream", body: { key, text, about } });
    if (response.status === 404) return this.startAnew();
    await this.checked(response);
    for await (const [event, data] of eventsOf(response)) {
      if (event === "text") this.stream(data.text);
      if (event === "problem") this.fail(data, about);
      if (event !== "end") continue;
      this.sent(item);
      for (const message of data.messages) this.add(message);
      this.forgetPartial();
      this.person(data.with_a_person);
      return;
    }
    throw new Error("cut");
  }

  forgetPartial() {
    this.partial?.remove();
    this.partial = null;
  }

  /** The answer while it comes. */
  stream(text) {
    if (!this.partial) {
      this.partial = h("div.said", { "aria-busy": "true" }, h("p.text", { lang: languageOf(text) }));
      this.log.append(this.partial);
    }
    this.partial.firstChild.append(text);
    this.scroll();
  }

  async checked(response) {
    if (!response.ok) this.fail({ ...(await response.json().catch(() => null)), status: response.status });
    return response;
  }

  /** Raise what went wrong; final where sending it again would not help. */
  fail({ status, detail = "" }, about = "") {
    const gone = status === 409 && about;
    if (gone) this.settled.get(about)?.("void");
    const said = gone ? this.words.gone_said : this.words.refused.replace("{why}", detail);
    throw Object.assign(new Error(said), { final: gone || (status < 500 && status !== 429 && status !== 409) });
  }

  /** The conversation is not there any more: what waits is said in a new one. */
  startAnew() {
    this.forget();
    this.begin();
    this.line(this.words.gone_chat);
  }

  forget() {
    this.keep({ id: "" });
    this.last = 0;
    this.shown.clear();
    this.unsent.clear();
    this.forgetPartial();
    this.following?.abort();
    this.person(false);
  }

  // Hearing: what was said before, and what others say

  async load() {
    const response = await this.ask(`/${this.kept.id}/messages?after=${this.last}`).catch(() => null);
    if (response?.status === 404) return this.startAnew();
    if (!response?.ok) return;
    const found = await response.json();
    for (const message of found.messages) this.add(message);
    this.person(found.with_a_person);
    this.follow();
  }

  /** Keep a stream of events open while somebody looks, or waits for a person. */
  async follow() {
    const wanted = this.kept.id && !document.hidden && (this.isOpen || this.withPerson);
    if (!wanted) return this.following?.abort();
    if (this.following && !this.following.signal.aborted) return;
    const stop = (this.following = new AbortController());
    for (let failures = 0; !stop.signal.aborted; ) {
      try {
        const response = await this.ask(`/${this.kept.id}/events?after=${this.last}`, { signal: stop.signal });
        if (!response.ok) throw new Error(response.status);
        for await (const [event, data] of eventsOf(response)) {
          failures = 0;
          if (event === "message") this.add(data);
          if (event === "state" && !this.kept.outbox.length) this.person(data.with_a_person);
        }
      } catch { failures++; }
      if (!stop.signal.aborted) await pause(Math.min(30000, 1000 * 2 ** failures));
    }
  }

  // The end

  rate() {
    const w = this.words;
    const choice = (name, labels, values) => h("div.row", {}, ...labels.map((label, n) => h("label", {}, h("input", { type: "radio", name, value: values[n] }), label)));
    const words = h("textarea", { rows: 3, maxLength: 1000, id: "words" });
    const form = h("form.rate", { onsubmit: (event) => { event.preventDefault(); this.rated(form, words.value.trim()); } },
      h("fieldset", {}, h("legend", {}, w.solved), choice("solved", [w.solved_yes, w.solved_no], ["true", "false"])),
      h("fieldset", {}, h("legend", {}, w.rating), choice("rating", [..."12345"], [..."12345"])),
      h("div", {}, h("label", { htmlFor: "words" }, w.words), words),
      h("div.row", {}, h("button.primary", {}, w.send), button("", () => this.ended(), w.skip), button(".plain", () => this.again(), w.back_to)), h("p.bad", { role: "status" }));
    this.log.hidden = this.foot.hidden = true;
    this.form?.remove();
    this.form = form;
    this.panel.append(form);
    form.querySelector("input").focus();
  }

  async rated(form, words) {
    const given = new FormData(form);
    const said = { words };
    if (given.has("solved")) said.solved = given.get("solved") === "true";
    if (given.has("rating")) said.rating = Number(given.get("rating"));
    try {
      if (this.kept.id) await this.checked(await this.ask(`/${this.kept.id}/feedback`, { body: said }));
      this.ended();
    } catch {
      form.querySelector("[role=status]").textContent = this.words.not_rated;
    }
  }

  again() {
    this.form.remove();
    this.log.hidden = this.foot.hidden = false;
    this.field.focus();
  }

  ended() {
    this.keep({ outbox: [] });
    this.forget();
    this.begin();
    this.log.prepend(h("p.line", {}, this.words.thanks));
    this.again();
  }
}

customElements.define("shopkeeper-chat", ShopkeeperChat);
if (script?.dataset.key) {
  const { key, language = "", theme = "auto", token = "" } = script.dataset;
  const made = h("shopkeeper-chat");
  for (const [name, value] of Object.entries({ base: new URL(script.src).origin, key, language, theme, token })) made.setAttribute(name, value);
  document.body ? document.body.append(made) : addEventListener("DOMContentLoaded", () => document.body.append(made));
}
})();

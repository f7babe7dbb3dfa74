"use strict";
// One clock for several videos: play, pause, seek and step by frames, all together.
// An item is {node, frames, fps}: a video element and what is known of its file.
class SyncedPlayer {
  static active = null;
  constructor(label, changed) { this.label = label; this.changed = changed; this.items = []; this.time = 0; this.playing = false; this.touched = false; }
  add(item) {
    this.items.push(item);
    if (!this.main || item.frames / item.fps > this.main.frames / this.main.fps) this.main = item;
  }
  // Play these items instead, such as those that can be seen.
  use(items) {
    this.items = [];
    this.main = undefined;
    items.forEach((item) => this.add(item));
    if (this.slider && this.main) this.slider.max = this.main.frames - 1;
  }
  frame(item) { return Math.min(item.frames - 1, Math.max(0, Math.floor(this.time * item.fps + 1e-6))); }
  transport() {
    if (!this.main) return null;
    const make = (tag, attributes, ...children) => {
      const node = document.createElement(tag);
      for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
      node.append(...children);
      return node;
    };
    const button = (attributes, text, act) => { const node = make("button", { type: "button", ...attributes }, text); node.addEventListener("click", act); return node; };
    this.button = button({ class: "primary" }, "Play", () => this.toggle());
    this.slider = make("input", { type: "range", min: 0, max: this.main.frames - 1, step: 1, value: 0, "aria-label": this.label });
    this.slider.addEventListener("input", () => this.seekTime((Number(this.slider.value) + 0.5) / this.main.fps));
    this.where = make("span", { class: "where" });
    this.speed = make("select", { "aria-label": "Speed" }, ...[[1, "1×"], [0.5, "½×"], [0.25, "¼×"]].map(([value, text]) => make("option", { value }, text)));
    this.speed.addEventListener("change", () => this.items.forEach((item) => { item.node.playbackRate = Number(this.speed.value); }));
    this.show(false);
    return make("div", { class: "transport", role: "group", "aria-label": "Playback" }, this.button,
      button({ "aria-label": "One frame back", title: "One frame back (←)" }, "‹", () => this.step(-1)),
      button({ "aria-label": "One frame on", title: "One frame on (→)" }, "›", () => this.step(1)), this.slider, this.where, this.speed);
  }
  show(changed = true) {
    if (!this.main) return;
    const frame = this.frame(this.main);
    this.slider.value = frame;
    this.slider.setAttribute("aria-valuetext", "frame " + frame);
    this.where.textContent = `frame ${frame} of 0–${this.main.frames - 1} · ${(frame / this.main.fps).toFixed(2)} s`;
    if (changed) this.changed();
  }
  load() {
    this.touched = true;
    return Promise.all(this.items.map(({ node }) => node.readyState >= 1 ? null : new Promise((resolve) => {
      node.addEventListener("loadedmetadata", resolve, { once: true });
      node.addEventListener("error", resolve, { once: true });
      if (node.preload !== "auto") { node.preload = "auto"; node.load(); }
    })));
  }
  place(item) {
    const target = (this.frame(item) + 0.5) / item.fps;
    if (Math.abs(item.node.currentTime - target) > 1e-4) item.node.currentTime = target;
  }
  async seekTime(time) {
    if (!this.main) return;
    this.pause();
    this.time = Math.min((this.main.frames - 0.5) / this.main.fps, Math.max(0, time));
    this.show();
    await this.load();
    this.items.forEach((item) => this.place(item));
  }
  step(by) { if (this.main) this.seekTime((this.frame(this.main) + by + 0.5) / this.main.fps); }
  toggle() { if (this.playing) this.pause(); else this.play(); }
  pause() {
    if (!this.playing) return;
    this.playing = false;
    this.button.textContent = "Play";
    this.items.forEach(({ node }) => node.pause());
    if (SyncedPlayer.active === this) SyncedPlayer.active = null;
    this.items.forEach((item) => this.place(item));
    this.show();
  }
  async play() {
    if (!this.main || this.playing) return;
    if (SyncedPlayer.active) SyncedPlayer.active.pause();
    SyncedPlayer.active = this;
    this.playing = true;
    this.button.textContent = "Pause";
    await this.load();
    if (!this.playing) return;
    if (this.frame(this.main) >= this.main.frames - 1) this.time = 0;
    const rate = Number(this.speed.value);
    for (const item of this.items) { item.node.currentTime = Math.min(this.time, item.frames / item.fps - 1e-3); item.node.playbackRate = rate; }
    await Promise.all(this.items.map(({ node }) => node.play().catch(() => null)));
    requestAnimationFrame(() => this.tick());
  }
  tick() {
    if (!this.playing) return;
    const { node } = this.main;
    if (node.error || (node.paused && !node.ended)) { this.pause(); return; }
    if (node.ended) {
      this.time = 0;
      for (const item of this.items) { item.node.currentTime = 0; item.node.play().catch(() => null); }
    } else {
      this.time = node.currentTime;
      for (const item of this.items) {
        if (item === this.main || item.node.ended || item.node.seeking) continue;
        if (Math.abs(item.node.currentTime - this.time) > 0.08 && this.time < item.frames / item.fps) item.node.currentTime = this.time;
      }
    }
    this.show();
    requestAnimationFrame(() => this.tick());
  }
}

// One clock for one or two clips: the first video leads, the other follows. Nothing starts before both can play, both
// loop to the same length, and every control moves both. Sent to the server once: that everything was played.
const SPEEDS = [1, 0.5, 0.25];

export default function ({ parentElement, data, setStateValue }) {
  const stage = parentElement.querySelector(".stage");
  const pair = stage.querySelector(".pair");
  const status = stage.querySelector(".status");
  const bar = stage.querySelector("progress");
  const button = (act) => stage.querySelector(`[data-act="${act}"]`);
  const state = { shown: stage.dataset.shown, played: 0, last: 0, reported: false, wanted: false };
  if (state.shown === data.id && stage.a2cleanup) return stage.a2cleanup;
  if (stage.a2cleanup) stage.a2cleanup();
  stage.dataset.shown = data.id;

  pair.replaceChildren();
  pair.style.setProperty("--columns", data.clips.length);
  pair.style.setProperty("--shape", data.width / data.height);
  pair.style.setProperty("--aspect", `${data.width} / ${data.height}`);
  const videos = data.clips.map((clip) => {
    const figure = document.createElement("figure");
    const frame = document.createElement("div");
    const video = document.createElement("video");
    frame.className = "window";
    Object.assign(video, { muted: true, playsInline: true, preload: "auto", src: clip.url, tabIndex: -1 });
    video.setAttribute("aria-label", clip.label);
    video.disablePictureInPicture = true;
    frame.append(video);
    figure.append(frame);
    if (clip.label) {
      const caption = document.createElement("figcaption");
      caption.textContent = clip.label;
      figure.append(caption);
    }
    pair.append(figure);
    return video;
  });
  const lead = videos[0];
  const loading = data.next.map((url) => {
    const video = document.createElement("video");
    Object.assign(video, { muted: true, preload: "auto", src: url });
    return video;
  });

  const ready = () => videos.every((video) => video.readyState >= 3);
  const seek = (time) => videos.forEach((video) => (video.currentTime = Math.min(time, data.seconds)));
  const say = (text) => { if (status.textContent !== text) status.textContent = text; };

  function play() {
    state.wanted = true;
    if (!ready()) { say("Loading: both videos start together."); return; }
    say("");
    Promise.all(videos.map((video) => video.play())).catch((error) => {
      if (error.name !== "AbortError") say("Press Play to start the videos.");
    });
  }
  function pause() { state.wanted = false; videos.forEach((video) => video.pause()); }
  function step(frames) {
    pause();
    const frame = Math.floor(lead.currentTime * data.fps + 1e-3) + frames;
    const last = Math.max(0, Math.round(data.seconds * data.fps) - 1);
    seek((Math.min(Math.max(frame, 0), last) + 0.5) / data.fps);
  }
  function again() { seek(0); play(); }
  const acts = {
    play: () => (state.wanted && !lead.ended ? pause() : lead.ended ? again() : play()),
    back: () => step(-1),
    forward: () => step(1),
    speed: () => {
      const next = SPEEDS[(SPEEDS.indexOf(lead.playbackRate) + 1) % SPEEDS.length];
      videos.forEach((video) => (video.playbackRate = next));
      button("speed").firstChild.textContent = `${next}\u00d7 `;
    },
    zoom: () => button("zoom").setAttribute("aria-pressed", String(stage.classList.toggle("zoomed"))),
    full: () => (document.fullscreenElement ? document.exitFullscreen() : stage.requestFullscreen()),
  };

  function report() {
    if (state.reported) return;
    state.reported = true;
    bar.value = 1;
    setStateValue("played", { id: data.id, share: 1 });
  }
  let frame = 0;
  function tick() {
    const now = lead.currentTime;
    if (state.wanted && lead.paused && !lead.ended && ready()) play();
    if (!lead.paused) {
      const forward = now - state.last;
      if (forward > 0 && forward < 0.6) state.played += forward; // a jump is not watching
      for (const video of videos.slice(1)) {
        if (Math.abs(video.currentTime - now) > 1.5 / data.fps) video.currentTime = now;
      }
      const share = Math.min(1, state.played / Math.max(0.1, data.seconds - 1.5 / data.fps));
      if (!state.reported) bar.value = share;
      if (share >= 1) report();
    }
    state.last = now;
    button("play").firstChild.textContent = state.wanted ? "Pause " : "Play ";
    frame = requestAnimationFrame(tick);
  }
  const ended = () => { if (state.played > 0.6 * data.seconds) report(); if (state.wanted) again(); };
  const broken = (event) => {
    const reason = event.target.error ? event.target.error.message || `code ${event.target.error.code}` : "unknown";
    say(`A video cannot be played (${reason}). Reload the page; if it stays, choose “Skip”.`);
  };
  lead.addEventListener("ended", ended);
  videos.forEach((video) => video.addEventListener("error", broken));

  const clicks = (event) => {
    const target = event.target.closest("[data-act]");
    if (target) acts[target.dataset.act]();
  };
  const keys = { " ": "play", ",": "back", ".": "forward", x: "speed", X: "speed", "+": "zoom", f: "full", F: "full" };
  const typed = (event) => {
    const target = event.composedPath()[0];
    const typing = target instanceof Element && target.matches("input, textarea, select, [contenteditable]");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || !(event.key in keys)) return;
    if (event.key === " " && target instanceof Element && target.matches("button, summary, a")) return;
    event.preventDefault();
    acts[keys[event.key]]();
  };
  const moved = (event) => {
    if (!stage.classList.contains("zoomed")) return;
    const box = event.currentTarget.getBoundingClientRect();
    pair.style.setProperty("--x", `${(100 * (event.clientX - box.left)) / box.width}%`);
    pair.style.setProperty("--y", `${(100 * (event.clientY - box.top)) / box.height}%`);
  };
  stage.addEventListener("click", clicks);
  document.addEventListener("keydown", typed);
  videos.forEach((video) => video.parentElement.addEventListener("pointermove", moved));
  frame = requestAnimationFrame(tick);
  play();

  stage.a2cleanup = () => {
    cancelAnimationFrame(frame);
    stage.removeEventListener("click", clicks);
    document.removeEventListener("keydown", typed);
    [...videos, ...loading].forEach((video) => { video.removeAttribute("src"); video.load(); });
    stage.a2cleanup = null;
    delete stage.dataset.shown;
  };
  return stage.a2cleanup;
}

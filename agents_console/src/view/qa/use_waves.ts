import { useComputedColorScheme } from "@mantine/core";
import { type RefObject, useCallback, useEffect, useRef, useState } from "react";
import WaveSurfer from "wavesurfer.js";
import type { Schemas } from "../../api/client";

interface Sound {
  url: string;
  peaks: Schemas["Peaks"];
  duration_s: number;
  begin_s: number;
}

const HEIGHT_PX = 76;

/** Colours of the page's present scheme, which the canvas can't follow by itself. */
function readColours() {
  const colour = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const side = (name: string) => ({
    waveColor: `color-mix(in srgb, ${colour(name)} 45%, ${colour("--surface")})`,
    progressColor: colour(name),
    height: HEIGHT_PX,
  });
  return { splitChannels: [side("--customer"), side("--agent")], cursorColor: colour("--poor") };
}

/**
 * Draws both voices from the peaks the server has ready and plays through a media element, which fetches the sound in
 * ranges: an hour of it never has to be decoded in the page.
 */
export function useWaves(container: RefObject<HTMLDivElement | null>, sound: Sound) {
  const waves = useRef<WaveSurfer | null>(null);
  const first = useRef(sound);
  const scheme = useComputedColorScheme("light");
  /** Where the sound was told to go and has not arrived, and which of these it was told last. */
  const wanted_s = useRef<number | null>(null);
  const told_s = useRef<number | null>(null);
  const [playing, setPlaying] = useState(false);
  const [position_s, setPosition] = useState(sound.begin_s);
  const [ready, setReady] = useState(false);
  const [failed, setFailed] = useState(false);

  const go = useCallback((at_s: number) => {
    told_s.current = at_s;
    waves.current?.setTime(at_s);
  }, []);
  const seek = useCallback(
    (at_s: number) => {
      const media = waves.current?.getMediaElement();
      if (!media) return;
      const within_s = Math.min(Math.max(at_s, 0), first.current.duration_s);
      wanted_s.current = within_s;
      setPosition(within_s);
      if (!media.seeking) go(within_s);
    },
    [go],
  );

  useEffect(() => {
    if (container.current === null) return;
    const { url, peaks, duration_s, begin_s } = first.current;
    const made = WaveSurfer.create({
      container: container.current,
      url,
      peaks: [toWave(peaks.customer), toWave(peaks.agent)],
      duration: duration_s,
      ...readColours(),
      cursorWidth: 2,
      dragToSeek: true,
    });
    waves.current = made;
    made.on("play", () => setPlaying(true));
    made.on("pause", () => setPlaying(false));
    made.on("timeupdate", (at_s) => {
      if (wanted_s.current === null) setPosition(at_s);
    });
    // Of two jumps in a row the browser was seen to lose the second: it is told again when the first has arrived.
    made.getMediaElement()?.addEventListener("seeked", () => {
      if (wanted_s.current === null || wanted_s.current === told_s.current) wanted_s.current = null;
      else go(wanted_s.current);
    });
    made.on("error", () => setFailed(true));
    // A media element that knows nothing of its sound yet forgets where it was told to go.
    const begin = () => {
      setReady(true);
      if (begin_s > 0) seek(begin_s);
    };
    made.once("ready", () => {
      const media = made.getMediaElement();
      if (media === null || media.readyState >= HTMLMediaElement.HAVE_METADATA) begin();
      else media.addEventListener("loadedmetadata", begin, { once: true });
    });
    return () => {
      waves.current = null;
      made.destroy();
    };
  }, [container, go, seek]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the scheme is what the colours depend on
  useEffect(() => waves.current?.setOptions(readColours()), [scheme]);

  return {
    playing,
    position_s,
    ready,
    failed,
    toggle: useCallback(() => void waves.current?.playPause().catch(() => setFailed(true)), []),
    skip: useCallback(
      (seconds: number) => seek((wanted_s.current ?? waves.current?.getCurrentTime() ?? 0) + seconds),
      [seek],
    ),
    seek,
    setSpeed: useCallback((rate: number) => waves.current?.setPlaybackRate(rate, true), []),
  };
}

/** 0..255 as the API sends it to 0..1. */
function toWave(slices: number[]): number[] {
  return slices.map((loudness) => loudness / 255);
}

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
  const [playing, setPlaying] = useState(false);
  const [position_s, setPosition] = useState(sound.begin_s);
  const [ready, setReady] = useState(false);
  const [failed, setFailed] = useState(false);

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
    made.on("timeupdate", setPosition);
    made.on("error", () => setFailed(true));
    // A media element that knows nothing of its sound yet forgets where it was told to go.
    const begin = () => {
      setReady(true);
      if (begin_s > 0) made.setTime(begin_s);
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
  }, [container]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the scheme is what the colours depend on
  useEffect(() => waves.current?.setOptions(readColours()), [scheme]);

  return {
    playing,
    position_s,
    ready,
    failed,
    toggle: useCallback(() => void waves.current?.playPause().catch(() => setFailed(true)), []),
    skip: useCallback((seconds: number) => waves.current?.skip(seconds), []),
    seek: useCallback((at_s: number) => waves.current?.setTime(at_s), []),
    setSpeed: useCallback((rate: number) => waves.current?.setPlaybackRate(rate, true), []),
  };
}

/** 0..255 as the API sends it to 0..1. */
function toWave(slices: number[]): number[] {
  return slices.map((loudness) => loudness / 255);
}

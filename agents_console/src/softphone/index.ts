import { useSyncExternalStore } from "react";
import { answer, api } from "../api/client";
import { Softphone } from "./softphone";

/** Where the far end is heard. An element outside the page's views: no redraw may cut the sound. */
const speaker = new Audio();
speaker.autoplay = true;
speaker.dataset.testid = "speaker";
document.body.append(speaker);

/** The one phone of this page. */
export const softphone = new Softphone({
  mint: () => answer(api.POST("/api/v1/softphone")),
  async playRemote(track) {
    speaker.srcObject = track === null ? null : new MediaStream([track]);
    if (track !== null) await speaker.play();
  },
});

// While the customer hears the switch's music, the agent must not listen in: the switch goes on sending.
softphone.subscribe(() => {
  speaker.muted = softphone.read().held;
});

export function usePhone() {
  return useSyncExternalStore(softphone.subscribe, softphone.read);
}

// A page that goes away says so: the switch frees the leg at once instead of when its sound stays out.
window.addEventListener("pagehide", () => softphone.stop());

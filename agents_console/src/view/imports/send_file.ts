import { ApiError, type Problem } from "../../api/client";
import type { FileKind, Import } from "./import";

/**
 * Brings a file to the server, telling what share of it has gone. By XMLHttpRequest: `fetch` does not say how far it is.
 * Throws ApiError on a refusal or a dead network.
 */
export function sendFile(file: File, kind: FileKind, told: (share: number) => void): Promise<Import> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const fail = (problem: Problem) => reject(new ApiError(problem));
    request.open("POST", `/api/v1/imports?${new URLSearchParams({ name: file.name.slice(0, 200), kind })}`);
    request.setRequestHeader("X-Cadencia-Request", "1");
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.responseType = "json";
    request.upload.onprogress = ({ loaded, total }) => told(total > 0 ? loaded / total : 0);
    request.onerror = () => fail({ type: "unreachable", title: "unreachable", status: 0, detail: "" });
    request.onload = () => {
      if (request.status === 201) return resolve(request.response as Import);
      const said = request.response as Partial<Problem> | null;
      const { type = "unknown", title = request.statusText, detail = "" } = said ?? {};
      fail({ type, title, detail, status: request.status });
    };
    request.send(file);
  });
}

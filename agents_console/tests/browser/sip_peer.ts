import { createHash, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Page } from "playwright-core";
import { type WebSocket, WebSocketServer } from "ws";
import type { Schemas } from "../../src/api/client";

interface SipMessage {
  first: string;
  headers: Record<string, string>;
  vias: string[];
  body: string;
}

const REALM = "cadencia";
const USER = "agent-11";
const PASSWORD = "minted-for-this-test";

/**
 * As much of a switch as the console's phone sees: a registrar with digest (RFC 3261 section 22), and one call to the
 * phone whose sound comes from `far`, a page of the same browser. So the phone is the real JsSIP with real RTP.
 */
export class SipPeer {
  registered = false;
  /** Methods received, e.g. "REGISTER", "BYE". */
  received: string[] = [];
  /** The direction the phone asked for in its last offer or answer: sendrecv, sendonly... */
  direction = "";
  #http = createServer();
  #sockets = new WebSocketServer({ server: this.#http });
  #phone: WebSocket | null = null;
  #contact = "";
  #callId = "";
  #toTag = "";
  #cseq = 0;
  #waiting = new Map<string, (message: SipMessage) => void>();

  async start(): Promise<this> {
    this.#sockets.on("connection", (socket) => {
      this.#phone = socket;
      socket.on("message", (data) => void this.#receive(String(data), socket));
    });
    await new Promise<void>((resolve) => this.#http.listen(0, "127.0.0.1", resolve));
    return this;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    await new Promise((resolve) => this.#http.close(resolve));
  }

  get origin(): string {
    return `ws://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  get credentials(): Schemas["Softphone"] {
    return {
      sip_user: USER,
      password: PASSWORD,
      realm: REALM,
      domain: "switch.invalid",
      socket_url: `${this.origin}/ws`,
      expires_at: new Date(Date.now() + 12 * 3_600_000).toISOString(),
    };
  }

  /** Calls the phone with a tone from `far` and gives the answer's status, e.g. "SIP/2.0 200 OK". */
  async invite(far: Page): Promise<string> {
    const offer = await far.evaluate(startFarEnd);
    this.#callId = randomBytes(8).toString("hex");
    this.#cseq = 1;
    const answer = this.#expect("200 INVITE");
    this.#send(this.#request("INVITE", this.#contact, offer));
    const message = await answer;
    this.#toTag = /tag=([^;>]+)/.exec(message.headers.to ?? "")?.[1] ?? "";
    this.#send(this.#request("ACK", this.#contact));
    this.direction = readDirection(message.body);
    await far.evaluate(acceptAnswer, message.body);
    this.#far = far;
    return message.first;
  }
  #far: Page | null = null;

  /** Ends the call from the switch's side. */
  async hangUp(): Promise<void> {
    this.#cseq += 1;
    const done = this.#expect("200 BYE");
    this.#send(this.#request("BYE", this.#contact));
    await done;
  }

  dropConnection(): void {
    this.#phone?.terminate();
  }

  #expect(what: string): Promise<SipMessage> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no ${what} within 5 s`)), 5_000);
      this.#waiting.set(what, (message) => {
        clearTimeout(timer);
        resolve(message);
      });
    });
  }

  async #receive(text: string, socket: WebSocket): Promise<void> {
    if (text.trim() === "") return; // keep-alive
    const message = parse(text);
    const method = message.headers.cseq?.split(" ")[1] ?? "";
    if (message.first.startsWith("SIP/2.0")) {
      const status = message.first.split(" ")[1];
      this.#waiting.get(`${status} ${method}`)?.(message);
      return;
    }
    this.received.push(method);
    if (method === "REGISTER") this.#register(message, socket);
    if (method === "BYE") socket.send(reply(message, "200 OK"));
    if (method === "INVITE") {
      this.direction = readDirection(message.body);
      const answer = (await this.#far?.evaluate(answerOffer, message.body)) ?? "";
      socket.send(reply(message, "200 OK", ["Content-Type: application/sdp"], answer));
    }
  }

  #register(message: SipMessage, socket: WebSocket): void {
    const field = (name: string) =>
      new RegExp(`${name}="?([^",]+)`).exec(message.headers.authorization ?? "")?.[1] ?? "";
    const md5 = (value: string) => createHash("md5").update(value).digest("hex");
    const ha1 = md5(`${USER}:${REALM}:${PASSWORD}`);
    const ha2 = md5(`REGISTER:${field("uri")}`);
    const wanted = field("qop")
      ? md5(`${ha1}:${field("nonce")}:${field("nc")}:${field("cnonce")}:auth:${ha2}`)
      : md5(`${ha1}:${field("nonce")}:${ha2}`);
    if (field("response") !== wanted) {
      const challenge = `WWW-Authenticate: Digest realm="${REALM}",nonce="n${Date.now()}",algorithm=MD5,qop="auth"`;
      socket.send(reply(message, "401 Unauthorized", [challenge]));
      return;
    }
    this.#contact = /<([^>]+)>/.exec(message.headers.contact ?? "")?.[1] ?? "";
    this.registered = message.headers.expires !== "0";
    socket.send(reply(message, "200 OK", [`Contact: <${this.#contact}>;expires=120`]));
  }

  #request(method: string, uri: string, body = ""): string {
    const to = `<sip:${USER}@switch.invalid>${this.#toTag && method !== "INVITE" ? `;tag=${this.#toTag}` : ""}`;
    const lines = [
      `${method} ${uri} SIP/2.0`,
      `Via: SIP/2.0/WS switch.invalid;branch=z9hG4bK${randomBytes(6).toString("hex")}`,
      "Max-Forwards: 70",
      "From: <sip:switch@switch.invalid>;tag=peer",
      `To: ${to}`,
      `Call-ID: ${this.#callId}`,
      `CSeq: ${this.#cseq} ${method}`,
      "Contact: <sip:switch@switch.invalid;transport=ws>",
    ];
    if (body) lines.push("Content-Type: application/sdp");
    return finish(lines, body);
  }

  #send(text: string): void {
    this.#phone?.send(text);
  }
}

function parse(text: string): SipMessage {
  const [head = "", ...rest] = text.split("\r\n\r\n");
  const [first = "", ...lines] = head.split("\r\n");
  const headers: Record<string, string> = {};
  const vias: string[] = [];
  for (const line of lines) {
    const name = line.slice(0, line.indexOf(":")).toLowerCase();
    const value = line.slice(line.indexOf(":") + 1).trim();
    if (name === "via") vias.push(value);
    headers[name] = value;
  }
  return { first, headers, vias, body: rest.join("\r\n\r\n") };
}

function reply(request: SipMessage, status: string, more: string[] = [], body = ""): string {
  const { from, to, cseq } = request.headers;
  const tagged = /tag=/.test(to ?? "") ? to : `${to};tag=peer`;
  const lines = [
    `SIP/2.0 ${status}`,
    ...request.vias.map((via) => `Via: ${via}`),
    `From: ${from}`,
    `To: ${tagged}`,
    `Call-ID: ${request.headers["call-id"]}`,
    `CSeq: ${cseq}`,
    "Contact: <sip:switch@switch.invalid;transport=ws>",
    ...more,
  ];
  return finish(lines, body);
}

function finish(lines: string[], body: string): string {
  return [...lines, `Content-Length: ${Buffer.byteLength(body)}`, "", body].join("\r\n");
}

function readDirection(sdp: string): string {
  return /a=(sendrecv|sendonly|recvonly|inactive)/.exec(sdp)?.[1] ?? "sendrecv";
}

// --- run in the far page: the other end of the sound -----------------------------------------------------------

interface FarWindow {
  farEnd: RTCPeerConnection;
}

async function startFarEnd(): Promise<string> {
  const connection = new RTCPeerConnection();
  (window as unknown as FarWindow).farEnd = connection;
  const context = new AudioContext();
  const tone = new OscillatorNode(context, { frequency: 1000 });
  const out = new MediaStreamAudioDestinationNode(context);
  tone.connect(out);
  tone.start();
  for (const track of out.stream.getTracks()) connection.addTrack(track, out.stream);
  connection.ontrack = (event) => {
    const speaker = new Audio(); // what nobody plays has no energy in the counters
    speaker.srcObject = new MediaStream([event.track]);
    void speaker.play();
  };
  await connection.setLocalDescription(await connection.createOffer());
  await new Promise<void>((resolve) => {
    if (connection.iceGatheringState === "complete") return resolve();
    connection.onicegatheringstatechange = () => connection.iceGatheringState === "complete" && resolve();
  });
  return connection.localDescription?.sdp ?? "";
}

async function acceptAnswer(sdp: string): Promise<void> {
  await (window as unknown as FarWindow).farEnd.setRemoteDescription({ type: "answer", sdp });
}

async function answerOffer(sdp: string): Promise<string> {
  const { farEnd } = window as unknown as FarWindow;
  await farEnd.setRemoteDescription({ type: "offer", sdp });
  await farEnd.setLocalDescription(await farEnd.createAnswer());
  return farEnd.localDescription?.sdp ?? "";
}

/** Sound energy that arrived at the far end from the phone since the call began (RTCInboundRtpStreamStats). */
export async function heardEnergy(far: Page): Promise<number> {
  return far.evaluate(async () => {
    const report = await (window as unknown as FarWindow).farEnd.getStats();
    for (const entry of report.values())
      if (entry.type === "inbound-rtp") return Number(entry.totalAudioEnergy ?? 0);
    return 0;
  });
}

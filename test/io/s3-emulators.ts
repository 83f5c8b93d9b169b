/** The servers that the S3 tests run against: our own, and moto's where Python has it. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import * as net from "node:net";
import { setTimeout as after } from "node:timers/promises";
import type { S3Options } from "../../dist/io/index.js";
import { sha256, signedHeaders } from "../../dist/io/stores/sigv4.js";
import { KEYS, REGION, S3Server } from "./s3-server.js";

export interface Emulator {
  readonly name: string;
  readonly isThere: boolean;
  /** Starts it with an empty bucket "bucket". */
  start(): Promise<S3Options>;
  stop(): Promise<void>;
}

function own(): Emulator {
  const server = new S3Server();
  return {
    name: "our own server",
    isThere: true,
    start: async () => {
      await server.start();
      return { endpoint: server.endpoint, region: REGION, credentials: KEYS };
    },
    stop: async () => server.stop(),
  };
}

const python = process.env["CHUNKWISE_PYTHON"] ?? "python3";

function moto(): Emulator {
  const isThere = spawnSync(python, ["-c", "import moto.server"]).status === 0;
  let child: ChildProcess | undefined;
  return {
    name: isThere ? "moto" : "moto (skipped: Python has no moto.server)",
    isThere,
    start: async () => {
      const port = await freePort();
      child = spawn(python, ["-m", "moto.server", "-H", "127.0.0.1", "-p", String(port)], {
        stdio: "ignore",
      });
      const endpoint = `http://127.0.0.1:${port}`;
      while (!(await answers(endpoint))) {
        if (child.exitCode !== null) throw new Error(`moto ended with ${child.exitCode}`);
        await after(100);
      }
      const options = { endpoint, region: "us-east-1", credentials: KEYS };
      const url = `${endpoint}/bucket`;
      const payloadHash = sha256("");
      const headers = signedHeaders(
        { method: "PUT", url, headers: { "x-amz-content-sha256": payloadHash }, payloadHash },
        { credentials: KEYS, region: options.region, service: "s3", date: new Date() },
      );
      const { status } = await fetch(url, { method: "PUT", headers });
      if (status !== 200) throw new Error(`moto made no bucket: ${status}`);
      return options;
    },
    stop: async () => {
      if (child === undefined || child.exitCode !== null) return;
      child.kill();
      await once(child, "exit");
    },
  };
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

const answers = (endpoint: string): Promise<boolean> =>
  fetch(`${endpoint}/moto-api/`).then(
    () => true,
    () => false,
  );

export const emulators: readonly Emulator[] = [own(), moto()];

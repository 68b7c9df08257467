import { HoldfastClient } from "./client.ts";
import { ClientCore } from "./core.ts";
import { giveBytes, giveText } from "./operations.ts";
import { type ConnectOptions, settingsOf } from "./options.ts";

/**
 * Finds the cluster by any of its masters or workers, and resolves when it is known who has what. Rejects with `HoldfastError`.
 *
 *     const client = await connect({ addresses: ["10.0.0.1:7400", "10.0.0.2:7400"] });
 *     await client.put("greeting", "hello");
 */
export async function connect(
  options: ConnectOptions & { readonly values: "bytes" },
): Promise<HoldfastClient<Uint8Array>>;
export async function connect(options: ConnectOptions): Promise<HoldfastClient<string>>;
export async function connect(options: ConnectOptions): Promise<HoldfastClient<string> | HoldfastClient<Uint8Array>> {
  const core = new ClientCore(settingsOf(options));
  await core.open();
  return options.values === "bytes" ? new HoldfastClient(core, giveBytes) : new HoldfastClient(core, giveText);
}

import { BlockList, isIPv4, isIPv6 } from 'node:net';

const own = new BlockList();
for (const [address, prefix] of [
  ['127.0.0.0', 8],
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['169.254.0.0', 16],
] as const)
  own.addSubnet(address, prefix, 'ipv4');
own.addAddress('::1', 'ipv6');
own.addSubnet('fc00::', 7, 'ipv6');
own.addSubnet('fe80::', 10, 'ipv6');

/** Whether a URL leads no further than the own network, told by its host alone: a private address or localhost. Any other
 * name counts as outside, since what it means today it may not mean tomorrow. */
export function isOwnNetwork(url: string): boolean {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
  if (isIPv4(host)) return own.check(host, 'ipv4');
  if (isIPv6(host)) return own.check(host, 'ipv6');
  return host === 'localhost' || host.endsWith('.localhost');
}

import type { IncomingMessage } from "node:http";

/** Headers that only programs write which forward requests for others: proxies, tunnels, content networks, clouds. */
const FORWARDING_HEADER = new RegExp(
  `^(?:${[
    // The standard ones, and what nearly every proxy writes.
    ...["forwarded", "via", "max-forwards", "surrogate-", "x-forward", "z-forward", "x-real-"],
    ...["x-original-", "x-orig-", "x-rewrite-url", "x-proxied", "x-proxy", "proxy-", "x-cluster-"],
    ...["x-client-ip", "x-client-cert", "x-client-verify", "x-client-dn", "x-client-port"],
    ...["client-ip", "ssl-client", "x-ssl-", "x-tls-", "x-scheme", "x-url-scheme", "x-host$"],
    ...[
      "true-client-",
      "x-true-client-",
      "x-remote-",
      "remote-",
      "x-request-start",
      "x-queue-start",
    ],
    ...["x-script-name", "x-ingress-", "x-gateway-", "x-lb-", "front-end-https", "x-edge-"],
    // Proxies and services by their names.
    ...["x-envoy-", "x-nginx-", "x-haproxy-", "x-varnish", "x-squid-", "x-traefik-", "x-caddy-"],
    ...["x-kong-", "x-consumer-", "x-apigateway-", "x-arr-", "x-bluecoat-", "wl-proxy-"],
    ...[
      "cdn-",
      "x-cdn-",
      "cf-",
      "fastly-",
      "x-fastly-",
      "akamai-",
      "x-akamai-",
      "incap-",
      "x-sucuri-",
    ],
    ...[
      "cloudfront-",
      "x-amz-cf-",
      "x-amzn-",
      "x-appengine-",
      "x-google-",
      "x-goog-",
      "x-cloud-trace-",
    ],
    ...[
      "x-serverless-",
      "x-azure-",
      "x-fd-",
      "x-ms-",
      "x-waws-",
      "x-appservice-",
      "disguised-host",
    ],
    ...[
      "was-default-hostname",
      "x-site-deployment-id",
      "x-iisnode-",
      "x-heroku-",
      "fly-",
      "x-fly-",
    ],
    ...[
      "x-vercel-",
      "x-now-",
      "x-nf-",
      "x-netlify-",
      "rndr-",
      "x-render-",
      "x-railway-",
      "x-replit-",
    ],
    ...[
      "ngrok-",
      "x-ngrok-",
      "tailscale-",
      "x-tailscale-",
      "x-tunnel-",
      "x-localtunnel-",
      "x-coder-",
    ],
    ...[
      "x-gitpod-",
      "x-codespaces-",
      "x-github-",
      "x-hass-",
      "x-zscaler-",
      "x-wap-",
      "x-auth-request-",
    ],
    ...["x-authentik-", "x-pomerium-", "x-middleware-", "x-matched-path", "x-invoke-"],
  ].join("|")})`,
);

/**
 * The evidence that the peer forwards a request for somebody else, such as "the header Via"; null: there
 * is none. Clients of this machine speak HTTP/1.1; what a plain nginx passes on is HTTP/1.0.
 */
export function forwarderOf({ headers, httpVersion }: IncomingMessage): string | null {
  for (const name in headers)
    if (FORWARDING_HEADER.test(name)) return `the header ${name.slice(0, MAX_SHOWN_CHARACTERS)}`;
  return httpVersion === "1.0" ? "HTTP/1.0" : null;
}

const MAX_SHOWN_CHARACTERS = 64;

// A real OpenID provider for the test of signing in: tells its port, waits for the one redirect
// that it may send browsers to, and says when it is ready. The first argument is its library.
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const { Provider } = await import(pathToFileURL(process.argv[2]));
const server = createServer();
server.listen(0, "127.0.0.1", () => console.log(`port ${server.address().port}`));

createInterface({ input: process.stdin }).once("line", (redirect) => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: "gate",
        client_secret: "client-secret",
        redirect_uris: [redirect],
        token_endpoint_auth_method: "client_secret_post",
      },
    ],
    pkce: { required: () => true },
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
    conformIdTokenClaims: false,
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({
        sub: id,
        email: `${id}@example.com`,
        email_verified: true,
        name: "Katherine",
      }),
    }),
  });
  server.on("request", provider.callback());
  console.log("ready");
});

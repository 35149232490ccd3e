// Sends by nodemailer what the JSON on standard input says, in one connection, and prints its answers.
// {"transport": options, "messages": [{"envelope", "raw": base64} | {"envelope", "compose": fields}]}
// A composed message is printed as it was sent: {"response", "accepted", "rejected", "raw": base64}.
"use strict";

const fs = require("node:fs");
const nodemailer = require("nodemailer");

async function composed(fields) {
  const builder = nodemailer.createTransport({
    streamTransport: true,
    buffer: true,
    newline: "windows",
  });
  return (await builder.sendMail(fields)).message;
}

async function main() {
  const told = JSON.parse(fs.readFileSync(0, "utf8"));
  const sender = nodemailer.createTransport({ ...told.transport, pool: true, maxConnections: 1 });
  const answers = [];
  for (const { envelope, raw, compose } of told.messages) {
    const content = compose ? await composed(compose) : Buffer.from(raw, "base64");
    try {
      const { response, accepted, rejected } = await sender.sendMail({ envelope, raw: content });
      answers.push({ response, accepted, rejected, raw: content.toString("base64") });
    } catch (error) {
      answers.push({ response: error.response || error.message, accepted: [], rejected: [] });
    }
  }
  sender.close();
  process.stdout.write(JSON.stringify(answers));
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});

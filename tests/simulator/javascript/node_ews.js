// Asks for the WSDL and its schemas, builds its requests from them, and prints what it finds, a line of JSON a step.
"use strict";

const { EOL } = require("os");
const EWS = require("node-ews");

const env = process.env;
const client = new EWS(
  {
    username: env.SIMULATOR_ACCOUNT,
    password: env.SIMULATOR_PASSWORD,
    host: env.SIMULATOR_URL.replace(/\/EWS\/.*$/, ""),
    auth: "basic",
  },
  {},
);
const header = {
  "t:RequestServerVersion": { attributes: { Version: env.SIMULATOR_VERSION } },
  "t:ExchangeImpersonation": { "t:ConnectingSID": { "t:PrimarySmtpAddress": env.SIMULATOR_MAILBOX } },
};
const inbox = { DistinguishedFolderId: { attributes: { Id: "inbox" } } };

async function step(name, operation, request, pick) {
  const answer = (await client.run(operation, request, header)).ResponseMessages[`${operation}ResponseMessage`];
  const found = { class: answer.attributes.ResponseClass, code: answer.ResponseCode, found: pick(answer) };
  process.stdout.write(JSON.stringify({ step: name, found }) + EOL);
  return answer;
}

async function main() {
  await step("folder", "GetFolder", { FolderShape: { BaseShape: "Default" }, FolderIds: inbox }, (answer) => [
    answer.Folders.Folder.DisplayName,
    answer.Folders.Folder.TotalCount,
  ]);
  const created = await step(
    "create",
    "CreateItem",
    {
      attributes: { MessageDisposition: "SaveOnly" },
      SavedItemFolderId: inbox,
      Items: { Message: { Subject: "Größe", Body: { attributes: { BodyType: "Text" }, $value: "a < b" } } },
    },
    (answer) => Object.keys(answer.Items),
  );
  const id = created.Items.Message.ItemId.attributes.Id;
  await step(
    "item",
    "GetItem",
    { ItemShape: { BaseShape: "Default" }, ItemIds: { ItemId: { attributes: { Id: id } } } },
    (answer) => [answer.Items.Message.Subject, answer.Items.Message.Body.$value],
  );
  await step(
    "find",
    "FindItem",
    {
      attributes: { Traversal: "Shallow" },
      ItemShape: { BaseShape: "IdOnly" },
      IndexedPageItemView: { attributes: { MaxEntriesReturned: "5", Offset: "0", BasePoint: "Beginning" } },
      ParentFolderIds: inbox,
    },
    (answer) => answer.RootFolder.attributes.TotalItemsInView,
  );
  await step("name", "ResolveNames", { attributes: { ReturnFullContactData: "false" }, UnresolvedEntry: "nobody" }, (answer) =>
    answer.MessageText,
  );
}

main().catch((problem) => {
  process.stderr.write(String(problem.stack || problem));
  process.exit(1);
});

// What ews-javascript-api, the Managed API in JavaScript, does with a mailbox. Prints one line of JSON for each step.
// Takes the address, the account, its password and the mailbox from the environment; with SIMULATOR_NTLM it logs on by NTLM.
const ews = require("ews-javascript-api");

ews.EwsLogging.DebugLogEnabled = false;
const { SIMULATOR_URL: url, SIMULATOR_ACCOUNT: account, SIMULATOR_PASSWORD: password, SIMULATOR_MAILBOX: mailbox } = process.env;
if (process.env.SIMULATOR_NTLM) {
  const { XhrApi } = require("@ewsjs/xhr");
  ews.ConfigurationApi.ConfigureXHR(new XhrApi({ rejectUnauthorized: true }).useNtlmAuthentication(account, password));
}
const tell = (step, found) => console.log(JSON.stringify({ step, found }));

function open(version) {
  const service = new ews.ExchangeService(version);
  service.Credentials = new ews.WebCredentials(account, password);
  service.Url = new ews.Uri(url);
  service.ImpersonatedUserId = new ews.ImpersonatedUserId(ews.ConnectingIdType.SmtpAddress, mailbox);
  return service;
}

async function folders(service) {
  const inbox = await ews.Folder.Bind(service, ews.WellKnownFolderName.Inbox);
  const made = new ews.Folder(service);
  made.DisplayName = "Projects";
  await made.Save(inbox.Id);
  const found = await service.FindFolders(inbox.Id, new ews.FolderView(10));
  await made.Delete(ews.DeleteMode.HardDelete);
  tell("folders", [inbox.DisplayName, found.Folders.map((one) => one.DisplayName)]);
}

async function draft(service, subject) {
  const message = new ews.EmailMessage(service);
  message.Subject = subject;
  message.Body = new ews.MessageBody(ews.BodyType.Text, "Hello");
  message.ToRecipients.Add(mailbox);
  await message.Save(ews.WellKnownFolderName.Drafts);
  return message;
}

async function items(service) {
  const message = await draft(service, "One");
  message.Subject = "Two";
  await message.Update(ews.ConflictResolutionMode.AutoResolve);
  const read = await ews.EmailMessage.Bind(service, message.Id);
  const drafts = await service.FindItems(ews.WellKnownFolderName.Drafts, new ews.ItemView(10));
  await message.Delete(ews.DeleteMode.HardDelete);
  const after = await service.FindItems(ews.WellKnownFolderName.Drafts, new ews.ItemView(10));
  tell("items", [read.Subject, read.Body.Text.trim(), drafts.TotalCount, after.TotalCount]);
}

async function pull(service) {
  const ids = [new ews.FolderId(ews.WellKnownFolderName.Drafts)];
  const subscription = await service.SubscribeToPullNotifications(ids, 10, null, ews.EventType.Created, ews.EventType.Deleted);
  const message = await draft(service, "Pulled");
  const events = await subscription.GetEvents();
  await message.Delete(ews.DeleteMode.HardDelete);
  await subscription.Unsubscribe();
  tell("pull", events.ItemEvents.map((one) => ews.EventType[one.EventType]));
}

async function streaming(service) {
  const ids = [new ews.FolderId(ews.WellKnownFolderName.Drafts)];
  const subscription = await service.SubscribeToStreamingNotifications(ids, ews.EventType.Created);
  const connection = new ews.StreamingSubscriptionConnection(service, 1);
  connection.AddSubscription(subscription);
  const told = new Promise((resolve, reject) => {
    connection.OnNotificationEvent.push((_, args) => resolve(args.Events.map((one) => ews.EventType[one.EventType])));
    connection.OnSubscriptionError.push((_, args) => reject(args.Exception));
  });
  const ended = connection.Open();
  ended.catch(() => undefined);
  await draft(service, "Streamed");
  const events = await told;
  connection.Close();
  tell("streaming", events);
}

async function recurrence(service) {
  const series = new ews.Appointment(service);
  series.Subject = "Stand-up";
  series.Start = new ews.DateTime("2026-03-02T09:00:00Z");
  series.End = new ews.DateTime("2026-03-02T09:30:00Z");
  series.Recurrence = new ews.Recurrence.WeeklyPattern(series.Start.Date, 1, [ews.DayOfTheWeek.Monday, ews.DayOfTheWeek.Thursday]);
  series.Recurrence.NumberOfOccurrences = 4;
  await series.Save(ews.WellKnownFolderName.Calendar, ews.SendInvitationsMode.SendToNone);
  const view = new ews.CalendarView(new ews.DateTime("2026-03-01T00:00:00Z"), new ews.DateTime("2026-04-01T00:00:00Z"));
  const found = await service.FindAppointments(ews.WellKnownFolderName.Calendar, view);
  const third = await ews.Appointment.BindToOccurrence(service, series.Id, 3);
  const master = await ews.Appointment.BindToRecurringMaster(service, third.Id);
  const kinds = found.Items.map((one) => ews.AppointmentType[one.AppointmentType]);
  tell("recurrence", [kinds, third.Start.ToISOString().slice(0, 10), master.Subject, master.Recurrence.NumberOfOccurrences]);
}

async function autodiscover() {
  const service = new ews.AutodiscoverService(new ews.Uri(url.replace(/EWS.*/, "autodiscover/autodiscover.svc")), ews.ExchangeVersion.Exchange2013_SP1);
  service.Credentials = new ews.WebCredentials(account, password);
  const found = await service.GetUserSettings(mailbox, [ews.UserSettingName.ExternalEwsUrl, ews.UserSettingName.UserDisplayName]);
  tell("autodiscover", [found.Settings.get(ews.UserSettingName.ExternalEwsUrl), found.Settings.get(ews.UserSettingName.UserDisplayName)]);
}

(async () => {
  const service = open(ews.ExchangeVersion[process.env.SIMULATOR_VERSION]);
  for (const step of [folders, items, pull, recurrence, autodiscover, streaming]) {
    try {
      await step(service);
    } catch (problem) {
      tell(step.name, { problem: String((problem && problem.message) || problem), stack: problem && problem.stack });
    }
  }
  process.exit(0);
})();

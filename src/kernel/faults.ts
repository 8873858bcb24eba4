/**
 * Everything that can go wrong in the world, in one table: code, HTTP status, retry class, and what to tell a person, in
 * English and Chinese, with the next step. The API, the console, the command line and the runner all read it from here.
 * What only we can have done wrong is not in this table: it is an ordinary Error and stops that piece of work loudly.
 *
 * Codes that are retired are not given to anyone else.
 */

interface FaultRow {
  readonly http: number;
  /** never: asking again changes nothing · later: nothing was sent, try again · verify-first: look before doing it again · person */
  readonly retry: "never" | "later" | "verify-first" | "person";
  readonly say: string;
  readonly zh: string;
  readonly next: string;
}

const row = (http: number, retry: FaultRow["retry"], say: string, zh: string, next: string): FaultRow => ({
  http,
  retry,
  say,
  zh,
  next,
});

export const faults = {
  // what people and programs ask of us
  "invalid-request": row(
    400,
    "never",
    "The request is not what this call expects.",
    "请求格式不正确。",
    "Correct the field that is named.",
  ),
  "address-malformed": row(
    400,
    "never",
    "A meter address has twelve digits.",
    "通信地址须为十二位数字。",
    "Use the address printed on the nameplate.",
  ),
  unencodable: row(
    400,
    "never",
    "This cannot be written as a DL/T 645 frame.",
    "无法按 DL/T 645 组帧。",
    "Correct the field that is named.",
  ),
  "account-malformed": row(
    400,
    "never",
    "An account is 1 to 40 letters, digits, dots or dashes.",
    "户号格式不正确。",
    "Check the account number.",
  ),
  "amount-malformed": row(
    400,
    "never",
    "An amount is positive, in yuan, with at most two decimals.",
    "金额须为正数,最多两位小数。",
    'Write it like "100.00".',
  ),
  "amount-above-cap": row(
    422,
    "never",
    "The amount is above the site's cap.",
    "金额超过上限。",
    "Split the payment or raise the cap in the site file.",
  ),
  "unknown-account": row(
    404,
    "never",
    "No such account.",
    "户号不存在。",
    "Check the account number, or add it to the site file.",
  ),
  "unknown-meter": row(404, "never", "No such meter.", "电表不存在。", "Check the address, or add the meter to the site file."),
  "unknown-bus": row(404, "never", "No such bus, or no meter on it.", "总线不存在或无电表。", "See /v1/buses for their ids."),
  "unknown-command": row(404, "never", "No such command.", "命令不存在。", "Check the id."),
  "unknown-payment": row(404, "never", "No such payment.", "缴费记录不存在。", "Check the id."),
  "unknown-channel": row(
    403,
    "never",
    "This channel is not known here.",
    "缴费渠道未登记。",
    "Add it under channels in the site file.",
  ),
  "unknown-item": row(
    400,
    "never",
    "No data item has this name.",
    "没有此数据项。",
    "Use a name of the dictionary, or eight hex digits.",
  ),
  "item-not-readable": row(
    400,
    "never",
    "This data item is only written or ordered; no meter shows it.",
    "该数据项只能写入,不能读取。",
    "Ask for an item that can be read: docs/data-items.md tells r, w and rw.",
  ),
  "not-found": row(404, "never", "There is nothing at this address.", "没有此地址。", "See /docs for the calls there are."),
  unauthorized: row(401, "never", "A key is needed here.", "需要密钥。", "Send Authorization: Bearer KEY."),
  "too-many-requests": row(429, "later", "Too many requests.", "请求过于频繁。", "Wait a moment and try again."),
  "idempotency-conflict": row(
    409,
    "never",
    "This Idempotency-Key was used with another body.",
    "幂等键已用于其他请求。",
    "Use a new key for a new request.",
  ),
  "order-conflict": row(
    409,
    "never",
    "This order id was already used with another amount or account.",
    "订单号已用于其他金额或户号。",
    "Look at the payment that has this order id.",
  ),
  "already-sent": row(
    409,
    "never",
    "Bytes have left for the meter; it can no longer be cancelled.",
    "命令已发送,不能取消。",
    "Wait for its outcome.",
  ),
  "not-disputed": row(
    409,
    "never",
    "Only a disputed command is for a person to decide.",
    "只有争议命令可由人工裁定。",
    "Look at its state.",
  ),
  "already-ended": row(409, "never", "The command has ended.", "命令已结束。", "Look at its state."),
  "meter-quarantined": row(
    409,
    "person",
    "The meter's identity does not fit our books.",
    "电表身份不符,已隔离。",
    "Have someone compare the nameplate, address and customer number.",
  ),
  // two persons, and meters that change
  "two-persons-needed": row(
    403,
    "person",
    "This needs two persons: one who asks, and another who approves.",
    "此操作须由两人完成:一人申请,另一人审批。",
    "Give each of them a key of their own (apiKeys of the site file); the other one approves.",
  ),
  "no-approval-wanted": row(
    409,
    "never",
    "This command waits for nobody's approval.",
    "该命令无须审批。",
    "Look at its state: it may be approved already.",
  ),
  "wallet-reset-forbidden": row(
    409,
    "never",
    "This meter's wallet may not be wiped.",
    "不得初始化该表钱包。",
    "Only a meter marked testBench: true in the site file is; give money back by a refund.",
  ),
  "wallet-reset-unknown": row(
    409,
    "never",
    "070103FF is not known to wipe the wallet of this model; elsewhere it pays money out.",
    "该表型的 070103FF 并非钱包初始化。",
    "See the model's profile; nothing was sent.",
  ),
  "money-under-way": row(
    409,
    "later",
    "Money is under way to this meter, or nobody knows yet what became of it.",
    "该表有未完结的资金命令。",
    "Wait for the commands that are named, or decide the disputed one.",
  ),
  // tariffs in meters
  "unknown-tariff": row(
    404,
    "never",
    "No such tariff in the site file, or none of its versions begins on this day.",
    "站点文件中没有此电价,或没有从该日起执行的版本。",
    "Name one of the site file's tariffs, and the first day of one of its versions.",
  ),
  "tariff-under-way": row(
    409,
    "later",
    "A tariff is being written into this meter already.",
    "该电表正在下装电价。",
    "Wait until that command has ended, or cancel it while it is unsent.",
  ),
  "tariff-switch-pending": row(
    409,
    "person",
    "The meter waits for a switch to another tariff; its spare set is spoken for.",
    "电表已有待切换的另一套电价。",
    "Wait until it has switched, or ask again with replacePending: true to take that switch back.",
  ),
  "tariff-switch-near": row(
    409,
    "later",
    "A switch of the meter's tariffs is near, or came while it was looked at: which set runs cannot be told.",
    "电表两套电价即将或正在切换,暂不能确定执行套。",
    "Nothing to do: it is looked at again every five minutes until the switch is past.",
  ),
  "tariff-set-unknown": row(
    409,
    "person",
    "This model does not show which of its two sets of tables runs, so neither is written.",
    "该表型不显示当前执行的时区时段套别,不下装。",
    "Write its tables on the spot; prices and steps can be pushed with a tariff of one price.",
  ),
  "tariff-too-large": row(
    422,
    "never",
    "The meter has no room for this tariff.",
    "电表容纳不下该电价。",
    "Look at the field that is named: fewer slots, rates, steps or holidays, or another meter.",
  ),
  "tariff-month-differs": row(
    409,
    "person",
    "The meter's settlement month begins on another day than the tariff's steps.",
    "电表结算日与阶梯月起始日不一致。",
    "Set its first settlement day (04000B01), or count the steps by that day.",
  ),
  "mode-switch-back": row(
    409,
    "never",
    "A meter is not switched back from remote to local: under production keys it refuses.",
    "不支持由远程费控切回本地费控。",
    "Replace the meter if its account is to keep its money in the meter again.",
  ),
  "mode-still-local": row(
    409,
    "never",
    "The meter is in local mode still: what its wallet holds is read, not said.",
    "该表仍处于本地模式,余额以电表为准。",
    "Ask again without a balance.",
  ),
  "meter-without-account": row(
    409,
    "never",
    "No account hangs on this meter.",
    "该表未绑定户号。",
    "Bind one to it in the site file.",
  ),
  "mode-already-remote": row(
    409,
    "person",
    "The meter is in remote mode already, and nobody saw what its wallet held before.",
    "该表已处于远程模式,切换前余额未知。",
    "Ask again with the balance that was written down at the meter; a second person has to approve it.",
  ),
  "meter-being-replaced": row(
    409,
    "later",
    "This meter is being replaced; nothing is ordered and no money is taken for it meanwhile.",
    "该表正在换表,暂停命令与缴费。",
    "Wait for the replacement to end, or go on with it: GET /v1/replacements.",
  ),
  "meter-replaced": row(
    410,
    "never",
    "Another meter has taken this one's place.",
    "该表已被更换。",
    "Use the meter that is named.",
  ),
  "meter-differs": row(
    409,
    "never",
    "This meter or account stands in the books with other values; adding changes nothing.",
    "该表或户号已登记,内容不一致,不予更改。",
    "Compare what stands with what was given; exchange a meter by a replacement.",
  ),
  "account-has-meter": row(
    409,
    "never",
    "This account has a meter already.",
    "该户号已有电表。",
    "Put the new one in the old one's place by a replacement, or give it an account of its own.",
  ),
  "replacement-conflict": row(
    409,
    "never",
    "This meter cannot take that one's place.",
    "换表信息有冲突。",
    "Correct what is named.",
  ),
  "unknown-replacement": row(404, "never", "No such replacement.", "无此换表记录。", "Check the id."),
  "account-disputed": row(
    409,
    "person",
    "An earlier top-up of this account is disputed.",
    "该户有争议充值待处理。",
    "Settle the disputed command first.",
  ),
  "account-without-meter": row(
    409,
    "never",
    "No meter hangs on this account.",
    "该户未绑定电表。",
    "Bind a meter to it in the site file.",
  ),
  "payment-under-way": row(
    409,
    "later",
    "What becomes of this payment is not decided yet, so it cannot be given back.",
    "该缴费尚未有结果,不能退费。",
    "Wait for its command to end, or cancel it while nothing was sent.",
  ),
  "already-refunded": row(
    409,
    "never",
    "This payment was given back already.",
    "该缴费已退费。",
    "Look at the payment: it is given back once.",
  ),
  "refund-not-covered": row(
    409,
    "person",
    "The account does not have as much left as this payment would take.",
    "账户可用余额不足以退费。",
    "What was used is not given back: agree on a smaller sum with the customer.",
  ),
  "refund-above-balance": row(
    422,
    "never",
    "The meter does not hold as much as would be taken back; nothing was sent.",
    "电表剩余金额不足以退费,未发送。",
    "What was used is not given back: look at the meter's balance.",
  ),
  "token-needed": row(
    409,
    "never",
    "This meter is topped up by a token, and the payment brings none.",
    "该电表用购电代码充值,缴费未带代码。",
    "Send the twenty digits as token.",
  ),
  "token-not-taken": row(
    409,
    "never",
    "This meter takes no token.",
    "该电表不接受购电代码。",
    "Leave the token out: the amount itself goes to the meter.",
  ),
  "wrong-mode": row(
    409,
    "never",
    "This cannot be asked of a meter of this kind.",
    "此类电表不支持该操作。",
    "See the meter's model.",
  ),
  "site-file-invalid": row(500, "never", "The site file is not valid.", "站点文件有误。", "Correct the path that is named."),

  // the meter
  "meter-silent": row(
    504,
    "verify-first",
    "The meter did not answer.",
    "电表无应答。",
    "Check line, address and baud rate; it may have obeyed, so it is read before anything is repeated.",
  ),
  "meter-refused": row(422, "never", "The meter answered and declined.", "电表拒绝。", "See the error bits."),
  "meter-no-data": row(
    422,
    "never",
    "The meter has no such data.",
    "电表无此数据。",
    "Ask for another item, or check the model.",
  ),
  "meter-fault": row(
    502,
    "person",
    "The meter sent digits that are none.",
    "电表数据异常。",
    "Keep the bytes, have the meter looked at.",
  ),
  "reply-malformed": row(
    502,
    "verify-first",
    "The meter's reply does not fit its own request.",
    "应答格式不符。",
    "Check the model profile; the bytes are with the command.",
  ),
  "password-refused": row(
    422,
    "person",
    "The meter refused the password or the authorisation.",
    "密码错误或未授权。",
    "Check the password level and the secret of this meter.",
  ),
  "clock-too-far": row(
    422,
    "person",
    "The meter's clock is more than five minutes off: meters do not take a broadcast then.",
    "电表时钟偏差超过五分钟,不接受广播校时。",
    "Set it point to point, after finding out why it is so far off.",
  ),
  "clock-near-midnight": row(
    409,
    "later",
    "Within five minutes of midnight no meter takes the time from a broadcast.",
    "零点前后五分钟内不进行广播校时。",
    "It is sent by itself when the window is over.",
  ),
  "clock-told-today": row(
    409,
    "person",
    "This line was told the time today already, and meters take one broadcast a day.",
    "该线路当日已广播校时,电表每日只接受一次。",
    "Set this meter point to point, or tell the line again tomorrow.",
  ),
  "identity-refused": row(
    422,
    "person",
    "The meter refused our identity.",
    "身份认证失败。",
    "Check the meter number and the key state.",
  ),
  "identity-expired": row(422, "later", "The proof of identity has lapsed.", "身份认证已失效。", "It is proved again by itself."),
  "mac-refused": row(
    422,
    "person",
    "The meter's security chip refused our MAC.",
    "ESAM 验证失败。",
    "Stop: a few more of these suspend the meter until midnight.",
  ),
  "security-suspended": row(
    422,
    "later",
    "The meter has suspended secured commands until its midnight.",
    "远程安全功能挂起。",
    "Wait until after midnight of the meter's clock.",
  ),
  "repeated-top-up": row(
    422,
    "verify-first",
    "The meter says that this purchase was done already.",
    "重复充值。",
    "Read the purchase count.",
  ),
  "purchase-count-gap": row(
    409,
    "person",
    "The meter's purchase count is not the one before ours.",
    "购电次数不符。",
    "Find out who else charges this meter.",
  ),
  "customer-mismatch": row(
    422,
    "person",
    "The customer number in the meter is another.",
    "客户编号不匹配。",
    "Wrong meter or wrong archive: compare both.",
  ),
  "hoard-limit": row(
    422,
    "never",
    "The meter may not hold that much.",
    "超囤积金额限值。",
    "Pay less, or raise the hoarding limit.",
  ),
  "key-state": row(
    422,
    "never",
    "The meter's key state does not allow this.",
    "密钥状态不允许。",
    "Top-ups need production keys, wiping a wallet needs test keys.",
  ),
  "meter-other-error": row(
    422,
    "person",
    "The meter names an error without a kind.",
    "电表其他错误。",
    "Read the meter's state before trying again.",
  ),
  "identity-mismatch": row(
    409,
    "person",
    "Meter number or customer number differ from our books.",
    "表号或客户编号与档案不符。",
    "The meter is quarantined: compare nameplate and archive.",
  ),
  "order-forbidden": row(
    422,
    "never",
    "These bytes are never sent to this model: something would be lost for good, or it means something else there. Nothing was sent.",
    "该型号禁止发送此报文，未发送。",
    "See what the profile of this model allows (src/protocols/dlt645/profiles).",
  ),
  "not-supported": row(422, "never", "This model does not do that.", "该型号不支持。", "See the model profile."),

  // the line
  "line-down": row(
    503,
    "later",
    "The line is down; nothing was sent.",
    "线路断开,未发送。",
    "Check the adapter, the host and the port; the gateway keeps trying.",
  ),
  "line-not-ours": row(
    503,
    "later",
    "Another gateway holds this line, or nobody does yet; nothing was sent.",
    "该线路由另一网关持有或尚无网关持有，未发送。",
    "Nothing to do: whoever holds the line runs the command. /v1/buses says who.",
  ),
  "bus-queue-full": row(503, "later", "This line already has all the work it can hold.", "线路任务已满。", "Try again later."),
  "deadline-passed": row(
    409,
    "never",
    "The deadline passed before the first byte; nothing was sent.",
    "已超过有效期,未发送。",
    "Ask again if it is still wanted.",
  ),
  "serial-unavailable": row(
    503,
    "later",
    "The serial device cannot be opened.",
    "串口无法打开。",
    "Check the path, the rights (group dialout) and whether another program holds it.",
  ),
  "broker-unavailable": row(
    503,
    "later",
    "The MQTT broker cannot be reached.",
    "MQTT 服务器无法连接。",
    "Check url, credentials and whether the broker runs.",
  ),
  "broker-refused": row(
    503,
    "person",
    "The MQTT broker refused us.",
    "MQTT 服务器拒绝连接。",
    "Check username and password (MQTT_URL or mqtt in the site file).",
  ),
  "frame-malformed": row(400, "never", "These bytes are no frame.", "报文格式错误。", "See which byte is named."),

  // the house
  "database-unreachable": row(
    503,
    "later",
    "The database cannot be reached.",
    "数据库无法连接。",
    "Check DATABASE_URL and whether PostgreSQL runs.",
  ),
  "database-full": row(
    503,
    "later",
    "The database's disk is full; nothing was written.",
    "数据库磁盘已满,未写入任何数据。",
    "Free space on the database's disk; the gateway goes on by itself.",
  ),
  "database-read-only": row(
    503,
    "later",
    "The database takes no writes; nothing was written.",
    "数据库只读,未写入任何数据。",
    "See whether DATABASE_URL names a standby, or somebody made the database read-only.",
  ),
  "database-busy": row(
    503,
    "later",
    "The database took too long; nothing was written.",
    "数据库响应过慢,未写入任何数据。",
    "Try again; if it stays so, look for long transactions in PostgreSQL.",
  ),
  "commit-unknown": row(
    503,
    "verify-first",
    "The database went away while this was being kept; nobody knows yet whether it was.",
    "保存时数据库中断,暂不确定是否已保存。",
    "Send the same again, with the same orderId or Idempotency-Key: it is kept once.",
  ),
  "data-folder-unreachable": row(
    503,
    "person",
    "The data folder cannot be used.",
    "数据目录不可用。",
    "Give the gateway's user the right to write there, or set GATEWAY_DATA.",
  ),
  "database-newer": row(
    503,
    "person",
    "The database was written by a newer gateway.",
    "数据库版本较新。",
    "Start the newer program.",
  ),
  "database-in-use": row(
    503,
    "person",
    "A gateway, or one of its tools, works on this database.",
    "数据库正在被网关或其工具使用。",
    "Stop it first; then do this again.",
  ),
  "database-not-empty": row(
    409,
    "person",
    "There are tables in this database already.",
    "数据库非空。",
    "Restore into an empty one, or set the old books aside with --replace and the name of the site.",
  ),
  "backup-broken": row(
    422,
    "person",
    "This is no whole backup.",
    "备份文件不完整或已损坏。",
    "Take another copy of it, or an older backup; nothing was changed.",
  ),
  "file-exists": row(
    409,
    "person",
    "There is a file of this name already; a backup never writes over anything.",
    "文件已存在,备份不会覆盖。",
    "Name another file.",
  ),
  "another-gateway": row(
    503,
    "person",
    "Another gateway has this data folder.",
    "另一网关正在使用该数据目录。",
    "Stop it first, or name another folder; gateways that share lines share a PostgreSQL by DATABASE_URL.",
  ),
  "queue-unreachable": row(
    503,
    "later",
    "The queue's store cannot be reached.",
    "队列存储无法连接。",
    "Check REDIS_URL and whether Redis runs.",
  ),
  "queue-unsafe": row(
    503,
    "person",
    "Redis may throw jobs away: its maxmemory-policy is not noeviction.",
    "Redis 淘汰策略不安全。",
    "Set maxmemory-policy noeviction.",
  ),
  "port-busy": row(
    503,
    "person",
    "The port is taken.",
    "端口被占用。",
    "Set HTTP_PORT to a free one, or stop the other program.",
  ),
  "test-keys-in-production": row(
    500,
    "person",
    "The published test keys are refused with NODE_ENV=production.",
    "生产环境禁止使用测试密钥。",
    "Configure security: hsm, with a machine that holds the utility's keys.",
  ),
  "security-unavailable": row(
    503,
    "later",
    "The security module cannot be used; nothing was sent.",
    "密码机不可用,未发送。",
    "Check that the cipher machine of security.url runs and can be reached; meterctl doctor names the reason.",
  ),
  // what stays for a person, and what is put right in the books
  "unknown-exception": row(404, "never", "No such exception.", "异常工单不存在。", "See /v1/exceptions for those there are."),
  "exception-closed": row(
    409,
    "never",
    "This exception is closed.",
    "异常工单已结案。",
    "Look at who closed it, and with what note.",
  ),
  "exception-stands": row(
    409,
    "person",
    "What this exception is about still stands, so it cannot be closed.",
    "异常尚未消除,不能结案。",
    "Do what its next step says; it then closes by itself or by your decision.",
  ),
  "nothing-to-apply": row(
    409,
    "never",
    "This exception suggests no entry.",
    "该异常没有建议分录。",
    "Correct the account by hand, or close it with a note.",
  ),
  "correction-malformed": row(
    400,
    "never",
    "This is no entry that the books could take.",
    "更正分录不正确。",
    "Correct what is named.",
  ),
  "correction-above-cap": row(
    422,
    "person",
    "The correction is larger than one person may make.",
    "更正金额超过上限。",
    "Have it looked at by a second person; the cap is payments.cap in the site file.",
  ),
  "period-malformed": row(
    400,
    "never",
    "This is no period.",
    "期间格式不正确。",
    "Write days like 2026-11-22, or moments in ISO 8601 with offset; from before to.",
  ),
  "channel-file-malformed": row(
    400,
    "never",
    "This row of the channel's file cannot be read.",
    "渠道对账文件格式不正确。",
    "Rows are orderId, amount, time; a first line with these names may say otherwise.",
  ),
  "exemption-end": row(
    400,
    "never",
    "An exemption has an end: a moment ahead, a year from now at most.",
    "豁免必须有截止时间:晚于现在,且不超过一年。",
    "Say until when; extend it when that time has come.",
  ),
  "unknown-exemption": row(404, "never", "No such exemption of this account.", "该户无此豁免。", "Look at the account's list."),
  "exemption-ended": row(
    409,
    "never",
    "This exemption has ended already.",
    "该豁免已结束。",
    "Make a new one where it is needed.",
  ),
  // what holds cuts back
  "emergency-stop": row(
    409,
    "person",
    "An emergency stop stands: no supply is cut, whoever orders it.",
    "已紧急停止跳闸:任何跳闸命令均不下发。",
    "Find out why it was pressed; two persons release it.",
  ),
  "nothing-halted": row(
    409,
    "never",
    "There is nothing to release: cuts are not held back by this.",
    "当前无须解除:该保护未启用。",
    "Look at GET /v1/cuts for what stands.",
  ),
  "unknown-cut-batch": row(
    404,
    "never",
    "No such list of cuts.",
    "停电批次不存在。",
    "See /v1/cuts/batches for those there are.",
  ),
  "cut-batch-over": row(
    409,
    "never",
    "This list of cuts waits for nobody any more.",
    "该停电批次已结束或已审批。",
    "Look at its state; propose another where it is still wanted.",
  ),
  "cut-batch-changed": row(
    409,
    "later",
    "The list has changed since you looked at it.",
    "批次内容已变化。",
    "Look at it once more, then decide.",
  ),
  "nothing-due": row(
    409,
    "never",
    "The rules would cut none of these now.",
    "按规则,所列用户目前均不应停电。",
    "Ask why of each: meterctl why ACCOUNT.",
  ),
  "unknown-reconciliation": row(404, "never", "No such comparison.", "对账任务不存在。", "Check the id."),
  "receipt-key-unusable": row(
    500,
    "person",
    "Receipts cannot be signed with this key.",
    "凭证签名密钥不可用。",
    "Name an Ed25519 private key in PEM under receipts.key, or mend the rights of the one in the data folder.",
  ),
  "entry-impossible": row(
    409,
    "person",
    "This entry cannot be made for this meter.",
    "该录入不能用于此电表。",
    "Look at the problem that is named; a register that really was so is entered by correct, one that began anew by rebase.",
  ),
  "register-goes-back": row(
    409,
    "person",
    "A register cannot be entered lower than what is believed already.",
    "录入的示数低于已确认的示数。",
    "If what was believed is false, name it under insteadOf: what it cost is given back. If the meter was reset, enter a rebase: up to where it is billed, and where it begins anew.",
  ),
  "register-changed": row(
    409,
    "person",
    "This is not the register you looked at: there is another one by now.",
    "示数已变化,与所核对的示数不同。",
    "Look at both, and at the meter; then enter what is true.",
  ),
  "not-ready": row(
    503,
    "later",
    "The gateway is not ready for money.",
    "网关未就绪。",
    "See /readyz for the part that is missing.",
  ),
  internal: row(
    500,
    "person",
    "Something went wrong in the gateway itself.",
    "网关内部错误。",
    "See the log; nothing was half done.",
  ),
} as const satisfies Record<string, FaultRow>;

export type FaultCode = keyof typeof faults;

export class Fault extends Error {
  readonly code: FaultCode;
  readonly context: Readonly<Record<string, unknown>>;

  constructor(code: FaultCode, context: Readonly<Record<string, unknown>> = {}, options?: ErrorOptions) {
    super(sentence(code, context), options);
    this.name = "Fault";
    this.code = code;
    this.context = context;
  }
}

function sentence(code: FaultCode, context: Readonly<Record<string, unknown>>): string {
  const details = Object.entries(context).map(
    ([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  return [`${code}: ${faults[code].say}`, ...(details.length === 0 ? [] : [`(${details.join(", ")})`]), faults[code].next].join(
    " ",
  );
}

export const isFault = (error: unknown, code?: FaultCode): error is Fault =>
  error instanceof Fault && (code === undefined || error.code === code);

/** Whatever was thrown, as a sentence. */
export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

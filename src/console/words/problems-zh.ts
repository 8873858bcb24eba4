/**
 * The next steps of the fault table in Chinese, for the faults a person at this desk can meet. The sentences themselves
 * stand in the table of faults in both languages; a code without a row here keeps the step the gateway sent.
 */
import type { FaultCode } from "../../kernel/faults.ts";

export const nextStepsZh: Partial<Record<FaultCode, string>> & Readonly<Record<string, string | undefined>> = {
  "invalid-request": "请更正所指出的字段。",
  "exception-closed": "请查看结案人与结案说明。",
  "exception-stands": "请按“下一步”处理，消除后即可结案。",
  "nothing-to-apply": "请人工更正账户，或写明原因后结案。",
  "address-malformed": "请使用电表铭牌上的通信地址。",
  "account-malformed": "请核对户号。",
  "amount-malformed": "请按“100.00”的格式填写。",
  "amount-above-cap": "请分次缴费，或在站点文件中提高上限。",
  "unknown-account": "请核对户号，或将其加入站点文件。",
  "unknown-meter": "请核对通信地址，或将电表加入站点文件。",
  "unknown-channel": "请在站点文件的 channels 中登记该渠道。",
  unauthorized: "请登录后重试。",
  "too-many-requests": "请稍候再试。",
  "idempotency-conflict": "新的请求请使用新的幂等键。",
  "order-conflict": "请查看该订单号对应的缴费记录。",
  "already-sent": "请等待执行结果。",
  "already-ended": "请查看命令状态。",
  "meter-quarantined": "请派人核对铭牌、通信地址和客户编号。",
  "account-disputed": "请先处理有争议的命令。",
  "account-without-meter": "请在站点文件中为该户绑定电表。",
  "wrong-mode": "请查看电表型号。",
  "order-forbidden": "请查看该型号的档案（profiles）允许哪些报文。",
  "meter-silent": "请检查线路、通信地址和波特率；电表可能已执行，重发之前会先抄读。",
  "line-down": "请检查适配器、主机和端口；网关会持续重试。",
  "line-not-ours": "无需处理：由持有该线路的网关执行；持有者见 /v1/buses。",
  "bus-queue-full": "请稍后再试。",
  "database-unreachable": "请检查 DATABASE_URL 以及 PostgreSQL 是否运行。",
  "database-full": "请清理数据库所在磁盘；网关会自动继续。",
  "database-read-only": "请检查 DATABASE_URL 是否指向备库，或数据库是否被设为只读。",
  "database-busy": "请重试；若持续如此，请在 PostgreSQL 中查找长事务。",
  "commit-unknown": "请用同一订单号再提交一次：只会入账一次。",
  "security-unavailable": "请检查 security.url 处的密码机是否运行、能否连接；原因见 meterctl doctor。",
  "not-ready": "请查看 /readyz 中缺少的部分。",
  internal: "请查看日志；没有半途而废的操作。",
  "gateway-unreachable": "请检查网关是否运行；页面会自动重试。",
};

/**
 * What to do next when a part of the house is not as it should be, in both languages: a table, read by readiness, and shown as it
 * stands by the console's front page. Why it is so comes from the part itself; docs/troubles.md tells the same at length.
 */
export interface Advice {
  readonly next: string;
  readonly nextZh: string;
}

const row = (next: string, nextZh: string): Advice => ({ next, nextZh });

export const advice = {
  "database-unreachable": row(
    "Start PostgreSQL, or correct DATABASE_URL. No payment is taken meanwhile, none is lost, and work goes on by itself.",
    "请启动 PostgreSQL 或更正 DATABASE_URL。期间不受理缴费,不会丢失数据,恢复后自动继续。",
  ),
  "database-full": row(
    "Free space on the disk of PostgreSQL. Work goes on by itself.",
    "请清理 PostgreSQL 所在磁盘,恢复后自动继续。",
  ),
  "database-read-only": row(
    "See whether DATABASE_URL names a standby, or who set default_transaction_read_only.",
    "请检查 DATABASE_URL 是否指向备库,或数据库是否被设为只读。",
  ),
  "database-busy": row("Look for long transactions in pg_stat_activity.", "请在 pg_stat_activity 中查找长事务。"),
  "queue-away": row(
    "Start Redis, or correct REDIS_URL. Payments are taken and commands go straight to their lines meanwhile.",
    "请启动 Redis 或更正 REDIS_URL。期间缴费照常受理,命令直接送往线路。",
  ),
  "queue-full": row(
    "Raise maxmemory of Redis, or find out what else fills it. Commands go straight to their lines meanwhile.",
    "请增大 Redis 的 maxmemory,或查明占用原因。期间命令直接送往线路。",
  ),
  "queue-evicts": row(
    "Set maxmemory-policy noeviction: with any other the gateway does not start again.",
    "请设置 maxmemory-policy noeviction,否则网关无法再次启动。",
  ),
  "queue-forgets": row("Set appendonly yes in Redis.", "请在 Redis 中设置 appendonly yes。"),
  "security-away": row(
    "See whether the cipher machine runs and can be reached; top-ups wait for it. meterctl doctor says why.",
    "请检查密码机是否运行、能否连接;充值命令等待其恢复。原因见 meterctl doctor。",
  ),
  "security-refuses": row(
    "The cipher machine refuses us: have its keys and the secret of the site file compared.",
    "密码机拒绝服务:请核对其密钥与站点文件中的口令。",
  ),
  "lines-down": row(
    "Check adapter, host and port of the line that is named; the gateway tries again by itself.",
    "请检查所列线路的适配器、主机和端口;网关会自动重试。",
  ),
  "audit-behind": row(
    "Look for long transactions in PostgreSQL, and in the log for what the sealer says.",
    "请查找 PostgreSQL 中的长事务,并查看日志中的封存信息。",
  ),
  "cuts-held": row(
    "See /v1/cuts, or meterctl cuts: two persons release a stop or the brake, and approve a list. Restores go on.",
    "请查看 /v1/cuts 或 meterctl cuts:由两人解除停止或制动、审批批次。复电不受影响。",
  ),
  leases: row(
    "A line that nobody holds gets a holder within seconds. If it stays so, see whether a gateway that names this bus runs.",
    "无人持有的线路数秒内会被接管;若持续如此,请检查配置了该总线的网关是否运行。",
  ),
  work: row(
    "The gateway has made its workers anew. If it stays so, restart it: nothing is lost.",
    "网关已重建工作进程;若仍未恢复,请重启网关,不会丢失数据。",
  ),
} as const satisfies Record<string, Advice>;

export type AdviceCode = keyof typeof advice;

/** The parts, as the console names them in Chinese. */
export const partsZh: Readonly<Record<string, string>> = {
  database: "数据库",
  queue: "队列",
  security: "密码机",
  lines: "线路",
  callers: "拨入设备",
  audit: "审计",
  cuts: "跳闸保护",
  "leases of lines": "线路租约",
  work: "命令执行",
};

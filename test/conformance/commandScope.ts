/**
 * Which of Redis 7.0's commands Holdfast answers, and which it does not have yet. Every command that redis-server
 * names must be in exactly one of the two lists (a test compares them with `COMMAND LIST`), so that nothing which is
 * meant to work can drop out of the conformance tests unnoticed. Subcommands are written as Redis writes them.
 */
const IN_SCOPE: Readonly<Record<string, readonly string[]>> = {
  string: words(`
    append decr decrby get getdel getex getrange getset incr incrby incrbyfloat lcs mget mset msetnx psetex set setex
    setnx setrange strlen substr`),
  generic: words(`
    copy del exists expire expireat expiretime keys move object persist pexpire pexpireat pexpiretime pttl randomkey
    rename renamenx scan touch ttl type unlink wait
    object|encoding object|freq object|help object|idletime object|refcount`),
  hash: words(`
    hdel hexists hget hgetall hincrby hincrbyfloat hkeys hlen hmget hmset hrandfield hscan hset hsetnx hstrlen hvals`),
  list: words(`
    blmove blmpop blpop brpop brpoplpush lindex linsert llen lmove lmpop lpop lpos lpush lpushx lrange lrem lset ltrim
    rpop rpoplpush rpush rpushx`),
  set: words(`
    sadd scard sdiff sdiffstore sinter sintercard sinterstore sismember smembers smismember smove spop srandmember srem
    sscan sunion sunionstore`),
  sortedSet: words(`
    bzmpop bzpopmax bzpopmin zadd zcard zcount zdiff zdiffstore zincrby zinter zintercard zinterstore zlexcount zmpop
    zmscore zpopmax zpopmin zrandmember zrange zrangebylex zrangebyscore zrangestore zrank zrem zremrangebylex
    zremrangebyrank zremrangebyscore zrevrange zrevrangebylex zrevrangebyscore zrevrank zscan zscore zunion
    zunionstore`),
  transactions: words("discard exec multi unwatch watch"),
  connection: words(`
    auth client echo hello ping quit reset select
    client|getname client|getredir client|help client|id client|info client|kill client|list client|no-evict
    client|pause client|reply client|setname client|trackinginfo client|unblock client|unpause
    client|caching client|tracking`),
  cluster: words(`
    asking cluster readonly readwrite
    cluster|addslots cluster|addslotsrange cluster|bumpepoch cluster|count-failure-reports cluster|countkeysinslot
    cluster|delslots cluster|delslotsrange cluster|failover cluster|flushslots cluster|forget cluster|getkeysinslot
    cluster|help cluster|info cluster|keyslot cluster|links cluster|meet cluster|myid cluster|nodes cluster|replicas
    cluster|replicate cluster|reset cluster|saveconfig cluster|set-config-epoch cluster|setslot cluster|shards
    cluster|slaves cluster|slots`),
  server: words(`
    acl bgrewriteaof bgsave command config dbsize debug flushall flushdb info lastsave latency lolwut memory replicaof
    role save shutdown slaveof slowlog swapdb time
    acl|help acl|whoami
    command|count command|docs command|getkeys command|getkeysandflags command|help command|info command|list
    config|get config|help config|resetstat config|rewrite config|set
    latency|doctor latency|graph latency|help latency|histogram latency|history latency|latest latency|reset
    memory|doctor memory|help memory|malloc-stats memory|purge memory|stats memory|usage slowlog|get slowlog|help slowlog|len slowlog|reset`),
};

/** What Redis 7.0 has and Holdfast does not, by the reason. A test that needs one of these is "not implemented". */
const OUT_OF_SCOPE: Readonly<Record<string, readonly string[]>> = {
  bitmaps: words("bitcount bitfield bitfield_ro bitop bitpos getbit setbit"),
  streams: words(`
    xack xadd xautoclaim xclaim xdel xgroup xinfo xlen xpending xrange xread xreadgroup xrevrange xsetid xtrim
    xgroup|create xgroup|createconsumer xgroup|delconsumer xgroup|destroy xgroup|help xgroup|setid
    xinfo|consumers xinfo|groups xinfo|help xinfo|stream`),
  hyperLogLog: words("pfadd pfcount pfdebug pfmerge pfselftest"),
  geo: words(`
    geoadd geodist geohash geopos georadius georadius_ro georadiusbymember georadiusbymember_ro geosearch
    geosearchstore`),
  publishSubscribe: words(`
    psubscribe publish pubsub punsubscribe spublish ssubscribe subscribe sunsubscribe unsubscribe
    pubsub|channels pubsub|help pubsub|numpat pubsub|numsub pubsub|shardchannels pubsub|shardnumsub`),
  scripting: words(`
    eval eval_ro evalsha evalsha_ro fcall fcall_ro function script
    function|delete function|dump function|flush function|help function|kill function|list function|load
    function|restore function|stats script|debug script|exists script|flush script|help script|kill script|load`),
  sorting: words("sort sort_ro"),
  serialization: words("dump migrate restore restore-asking"),
  users: words(`
    acl|cat acl|deluser acl|dryrun acl|genpass acl|getuser acl|list acl|load acl|log acl|save acl|setuser acl|users`),
  modules: words("module module|help module|list module|load module|loadex module|unload"),
  redisReplication: words("failover psync replconf sync"),
  serverInternals: words("monitor"),
};

const inScope = new Set(Object.values(IN_SCOPE).flat());
const outOfScope = new Set(Object.values(OUT_OF_SCOPE).flat());

/** Every in-scope command and subcommand, sorted. */
export const inScopeCommands: readonly string[] = [...inScope].sort();

/** Every out-of-scope command and subcommand, sorted. */
export const outOfScopeCommands: readonly string[] = [...outOfScope].sort();

/** Whether a command line's command is one that Holdfast does not have; `args` starts with the command's name. */
export function isOutOfScope(args: readonly string[]): boolean {
  const name = (args[0] ?? "").toLowerCase();
  return outOfScope.has(name) || outOfScope.has(`${name}|${(args[1] ?? "").toLowerCase()}`);
}

/** Whether the scope lists know a command at all. */
export function isInScope(name: string): boolean {
  return inScope.has(name.toLowerCase());
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}

import { type Corner, matrix, product, written } from "./corner.ts";

const list = "RPUSH k a b c 1 2 3 c c";

const positions = matrix(
  "LPOS, every option",
  [list],
  product(
    ["LPOS k"],
    ["c", "a", "none"],
    [
      "",
      "RANK 1",
      "RANK 2",
      "RANK 4",
      "RANK -1",
      "RANK -2",
      "RANK 0",
      "RANK 9223372036854775807",
      "RANK -9223372036854775807",
      "RANK a",
    ],
    ["", "COUNT 0", "COUNT 1", "COUNT 2", "COUNT 10", "COUNT -1"],
    ["", "MAXLEN 0", "MAXLEN 1", "MAXLEN 7", "MAXLEN -1"],
  ),
  "",
);

const multiPops = matrix(
  "LMPOP and BLMPOP",
  ["", "RPUSH a 1 2 3", "RPUSH b 1 2 3", "SET a x", "RPUSH a 1\nSET b x"],
  [
    ...product(
      ["LMPOP"],
      ["1 a", "2 a b", "2 b a", "0 a", "3 a b", "-1 a", "x a", "1 a b"],
      ["LEFT", "RIGHT", "UP", ""],
      ["", "COUNT 1", "COUNT 2", "COUNT 10", "COUNT 0", "COUNT -1", "COUNT x", "COUNT", "COUNT 1 COUNT 2"],
    ),
    ...product(
      ["BLMPOP"],
      ["0.001", "-1", "x", "99999999999999999999"],
      ["1 a", "2 a b", "0 a", "x a"],
      ["LEFT", "UP"],
      ["", "COUNT 2", "COUNT 0"],
    ),
  ],
  "LRANGE a 0 -1",
);

const listOdds = written(
  "lists, oddments",
  `
  LPOP none
  LPOP none 0
  LPOP none 5
  LPOP none -1
  LPOP none a
  RPOP none 2
  LPOS none a
  LPOS none a COUNT 0
  LRANGE none 0 -1
  LINDEX none 0
  LSET none 0 x
  LINSERT none BEFORE a b
  LINSERT none BESIDE a b
  LREM none 0 a
  LTRIM none 0 -1
  LPUSHX none a
  RPOPLPUSH none b
  LMOVE none b LEFT LEFT
  LMOVE none b UP LEFT
  LLEN none

  RPUSH k a b c d e
  LPOP k 0
  LPOP k 2
  RPOP k 100
  EXISTS k
  RPUSH k a b c
  LSET k 5 x
  LSET k -1 x
  LSET k a x
  LINSERT k before b y
  LINSERT k AFTER none y
  LREM k -1 a
  LREM k a a
  LTRIM k 5 10
  EXISTS k

  RPUSH k a b c
  RPOPLPUSH k k
  LMOVE k k LEFT RIGHT
  LMOVE k k LEFT LEFT
  LRANGE k 0 -1
  SET s x
  RPOPLPUSH k s
  LMOVE s k LEFT LEFT
  LRANGE k 0 -1
  LPUSH s a
  RPUSHX s a
  LLEN s
  LPOP s
  LPOS s a
  LINSERT s BEFORE a b

  BLPOP none 0.001
  BLPOP none a
  BLPOP none -1
  BLPOP none 99999999999999999999
  BLPOP none 1e400
  BLPOP none nan
  BRPOP none none2 0.001
  BLMOVE none b LEFT RIGHT 0.001
  BLMOVE none b LEFT UP 0
  BRPOPLPUSH none b 0.001
  BRPOPLPUSH none b x
  RPUSH k 1 2 3
  BLPOP none k 0
  BRPOP k 0
  BLMOVE k k2 LEFT RIGHT 0
  LRANGE k2 0 -1
  SET s x
  BLPOP s 0
  BLPOP none s k2 0
  BLMOVE k2 s LEFT LEFT 0
  BRPOPLPUSH k2 s 0

  @1 BLPOP k 0
  @2 BRPOP k 0
  RPUSH k 1 2 3
  LRANGE k 0 -1

  @1 BLPOP a b 0
  @2 BLPOP b a 0
  MULTI
  RPUSH b 1
  RPUSH a 2
  EXEC
  KEYS *

  @1 BLMOVE a b LEFT RIGHT 0
  @2 BLPOP b 0
  RPUSH a x
  KEYS *

  @1 BLMOVE a b LEFT RIGHT 0
  SET b string
  RPUSH a x
  LRANGE a 0 -1

  @1 BLPOP k 0
  SET k string
  DEL k
  RPUSH k v
  EXISTS k

  @1 BLPOP k 0
  SADD k m
  RPUSH other v
  RENAME other k
  EXISTS k

  @1 BLMPOP 0 2 a b RIGHT COUNT 2
  RPUSH b 1 2 3
  LRANGE b 0 -1

  @1 BZPOPMIN z 0
  @2 BZPOPMAX z 0
  ZADD z 1 a 2 b 3 c
  ZRANGE z 0 -1

  @1 BZMPOP 0 1 z MAX COUNT 2
  ZADD z 1 a 2 b 3 c
  ZRANGE z 0 -1

  @1 BLPOP k 0
  MULTI
  RPUSH k a
  DEL k
  EXEC
  RPUSH k b

  @1 BLPOP k 0
  @1 PING
  CLIENT UNBLOCK 999999
  RPUSH k b
  `,
);

const intersections = matrix(
  "SINTERCARD and ZINTERCARD",
  ["SADD a 1 2 3 4\nSADD b 2 3 4 5\nSET s x"],
  product(
    ["SINTERCARD", "ZINTERCARD"],
    ["1 a", "2 a b", "2 a none", "2 a s", "0 a", "-1 a", "x a", "3 a b", "1 a b", "2 none s"],
    ["", "LIMIT 0", "LIMIT 1", "LIMIT 2", "LIMIT 100", "LIMIT -1", "LIMIT x", "LIMIT", "BOGUS 1", "LIMIT 1 LIMIT 2"],
  ),
  "",
);

const setOdds = written(
  "sets, oddments",
  `
  SADD k 1 2 3
  OBJECT ENCODING k
  SMEMBERS k
  SADD k a
  OBJECT ENCODING k
  SREM k a
  OBJECT ENCODING k
  SMISMEMBER k 1 x 3
  SMISMEMBER none 1 x
  SISMEMBER none 1
  SADD k 01 +1 -0 9223372036854775807 9223372036854775808
  SCARD k

  SADD k 10 9 100 -1
  SMEMBERS k
  SPOP k 0
  SPOP k -1
  SPOP k a
  SPOP k 100
  EXISTS k
  SPOP none
  SPOP none 2
  SRANDMEMBER none
  SRANDMEMBER none 2
  SRANDMEMBER none -2
  SRANDMEMBER none a

  SADD a 1 2
  SADD b 2 3
  SET s x
  SUNION a none
  SUNION a s
  SINTER none s
  SINTER s none
  SINTER a none
  SDIFF a s
  SDIFF none a
  SDIFFSTORE d none a
  EXISTS d
  SET d str
  SINTERSTORE d a none
  EXISTS d
  SET d str
  SINTERSTORE d a b
  TYPE d
  SMEMBERS d
  SUNIONSTORE a a b
  SMEMBERS a

  SADD a x
  SMOVE a b x
  SMOVE a b x
  EXISTS a
  SMEMBERS b
  SMOVE b b x
  SET s x
  SMOVE b s x
  SMOVE s b x
  SMOVE none s x
  SMEMBERS b
  `,
);

const hashOdds = written(
  "hashes, oddments",
  `
  HSET k a
  HSET k a 1 b
  HMSET k a
  HSET k a 1 a 2
  HGETALL k
  HSETNX k a 3
  HSETNX k b 3
  HGET k none
  HMGET k a none b
  HMGET none a b
  HGETALL none
  HKEYS none
  HLEN none
  HSTRLEN k a
  HSTRLEN k none
  HDEL k a b
  EXISTS k

  HSET k n 10 s abc f 1.5 big 9223372036854775807
  HINCRBY k n 5
  HINCRBY k s 1
  HINCRBY k f 1
  HINCRBY k big 1
  HINCRBY k new -3
  HINCRBY k n a
  HINCRBYFLOAT k n 0.5
  HINCRBYFLOAT k s 1
  HINCRBYFLOAT k new2 3.0e3
  HINCRBYFLOAT k f inf
  HINCRBYFLOAT k f nan
  HINCRBYFLOAT k f x
  HINCRBYFLOAT k f 1e-18
  HINCRBYFLOAT k big 0.1
  HGETALL k

  HRANDFIELD none
  HRANDFIELD none 2
  HRANDFIELD none -2 WITHVALUES
  HSET k a 1
  HRANDFIELD k
  HRANDFIELD k 5
  HRANDFIELD k 5 WITHVALUES
  HRANDFIELD k -3
  HRANDFIELD k -3 WITHVALUES
  HRANDFIELD k 0
  HRANDFIELD k a
  HRANDFIELD k 1 BOGUS
  HRANDFIELD k 1 WITHVALUES x
  HRANDFIELD k 9223372036854775807 WITHVALUES
  HRANDFIELD k -9223372036854775808 WITHVALUES

  SET s x
  HSET s a 1
  HGET s a
  HGETALL s
  HINCRBY s a 1
  HINCRBYFLOAT s a 1
  HRANDFIELD s
  HDEL s a
  HSETNX s a 1
  `,
);

export const collectionCorners: readonly Corner[] = [positions, multiPops, listOdds, intersections, setOdds, hashOdds];

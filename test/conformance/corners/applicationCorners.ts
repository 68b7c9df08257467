import { type Corner, written } from "./corner.ts";

const queues = written(
  "queues and workers, as libraries write them",
  `
  # Sidekiq: a job is queued, fetched, counted.
  SADD queues default critical
  LPUSH queue:default "{\\"jid\\":\\"1\\",\\"class\\":\\"Mail\\"}"
  LPUSH queue:critical "{\\"jid\\":\\"2\\"}"
  @1 BRPOP queue:critical queue:default 2
  @1 BRPOP queue:critical queue:default 2
  MULTI
  INCRBY stat:processed 1
  INCRBY stat:processed:2024-01-01 1
  EXPIRE stat:processed:2024-01-01 157680000
  INCRBY stat:failed 0
  HSET host:1:abc busy 0 beat 1700000000.25 rtt_us 90 quiet false rss 1
  EXPIRE host:1:abc 60
  DEL host:1:abc:work
  SADD processes host:1:abc
  EXEC
  SSCAN queues 0 COUNT 100
  SCARD processes
  HGETALL host:1:abc
  LLEN queue:default
  LRANGE queue:default 0 49
  SMEMBERS queues

  # Scheduled jobs: added with a time, taken when it has come.
  ZADD schedule 1700000000.1234567 job1 1700000001 job2
  ZADD schedule NX 1700000000 job1
  ZRANGE schedule -inf 1700000000.5 BYSCORE LIMIT 0 1
  ZRANGEBYSCORE schedule -inf 1700000000.5 LIMIT 0 100
  ZREM schedule job1
  ZREM schedule job1
  ZADD retry 1700000002 job3
  ZREMRANGEBYRANK retry 0 -10001
  ZREMRANGEBYSCORE dead -inf (1600000000
  ZCARD retry
  ZSCORE retry job3

  # A reliable queue: moved to a list of its own, taken out of that when it is done.
  @1 BLMOVE work work:doing:1 RIGHT LEFT 0
  @2 BRPOPLPUSH work work:doing:2 0
  LPUSH work a b c
  LRANGE work:doing:1 0 -1
  LRANGE work:doing:2 0 -1
  LREM work:doing:1 -1 a
  LREM work:doing:2 1 b
  LREM work:doing:2 1 b
  LMOVE work:doing:1 work RIGHT RIGHT
  LLEN work

  # Celery over kombu: several queues by priority, what is unacknowledged in a hash and by time.
  SADD _kombu.binding.celery "celery\\x06\\x16\\x06\\x16celery"
  LPUSH celery "{}"
  @1 BRPOP celery "celery\\x06\\x163" "celery\\x06\\x166" "celery\\x06\\x169" 1
  MULTI
  ZADD unacked_index 1700000000.5 tag1
  HSET unacked tag1 "[{},\\"celery\\",\\"celery\\"]"
  EXEC
  SET unacked_mutex 5f0c NX EX 300
  WATCH unacked_mutex
  GET unacked_mutex
  MULTI
  DEL unacked_mutex
  EXEC
  ZREVRANGEBYSCORE unacked_index 1700000001 0 LIMIT 0 10 WITHSCORES
  MULTI
  ZREM unacked_index tag1
  HDEL unacked tag1
  EXEC
  EXISTS unacked unacked_index

  # RQ: the job as a hash, the queue as a list, registries as sorted sets.
  MULTI
  HSET rq:job:1 status queued origin default data "\\x00\\xff\\x80" created_at 2024-01-01T00:00:00Z timeout 180
  EXPIRE rq:job:1 500
  SADD rq:queues rq:queue:default
  RPUSH rq:queue:default 1
  EXEC
  @1 BLMOVE rq:queue:default rq:queue:default:intermediate LEFT RIGHT 405
  LREM rq:queue:default:intermediate 1 1
  HSET rq:job:1 status started
  PERSIST rq:job:1
  ZADD rq:wip:default XX 1700000180 1
  ZADD rq:wip:default 1700000180 1
  HGETALL rq:job:1
  HINCRBY rq:worker:1 successful_job_count 1
  HINCRBYFLOAT rq:worker:1 total_working_time 0.012345
  ZADD rq:finished:default 1700000680 1
  ZREMRANGEBYSCORE rq:finished:default 0 1700000000
  HMGET rq:job:1 status origin none
  `,
);

const caches = written(
  "caches, sessions and locks, as libraries write them",
  `
  # A lock: taken once, given back by its owner only.
  SET lock token1 NX PX 30000
  @1 SET lock token2 NX PX 30000
  @1 WATCH lock
  @1 GET lock
  @1 UNWATCH
  WATCH lock
  GET lock
  MULTI
  DEL lock
  EXEC
  @1 SET lock token2 NX PX 30000
  WATCH lock
  @1 PEXPIRE lock 60000
  MULTI
  DEL lock
  EXEC
  GET lock

  # Compare and set with WATCH, lost and tried again.
  SET balance 100
  WATCH balance
  GET balance
  @1 DECRBY balance 30
  MULTI
  SET balance 150
  EXEC
  WATCH balance
  GET balance
  MULTI
  SET balance 120
  GET balance
  EXEC

  # Sessions and caches.
  SETEX sess:1 86400 "{\\"cookie\\":{}}"
  GET sess:1
  EXPIRE sess:1 86400
  TTL sess:1
  GETEX sess:1 EX 1000
  SET views:home v PX 5000000 NX
  MGET sess:1 views:home none
  SET :1:key "\\x80\\x04K\\x01." PX 300000
  MSET a 1 b 2
  MULTI
  PEXPIRE a 300000
  PEXPIRE b 300000
  EXEC
  INCRBY :1:hits 1
  SCAN 0 MATCH views:* COUNT 1000
  SCAN 0 MATCH sess:* COUNT 1000 TYPE string
  UNLINK views:home sess:1
  UNLINK views:home
  TOUCH a b none
  SET big "" KEEPTTL
  GETDEL big
  GETDEL big

  # Rate limits: a counter with its time to live, and a window of times.
  MULTI
  INCR rate:1.2.3.4
  EXPIRE rate:1.2.3.4 60 NX
  EXEC
  MULTI
  INCR rate:1.2.3.4
  EXPIRE rate:1.2.3.4 60 NX
  TTL rate:1.2.3.4
  EXEC
  MULTI
  ZREMRANGEBYSCORE window 0 1699999940000
  ZADD window 1700000000000 1700000000000-1
  ZCARD window
  PEXPIRE window 60000
  ZRANGE window 0 0 WITHSCORES
  EXEC

  # A board of scores.
  ZADD board 10 ann 20 bob 15 cid
  ZADD board GT CH 12 ann 5 bob
  ZINCRBY board 2.5 cid
  ZREVRANK board bob
  ZREVRANGE board 0 9 WITHSCORES
  ZRANGE board 0 9 REV WITHSCORES
  ZSCORE board none
  ZMSCORE board ann none
  ZCOUNT board (12 +inf
  ZPOPMIN board

  # An object mapped to a hash, its indexes to sets and sorted sets.
  MULTI
  HSET user:1 name Ann age 41 city ""
  SADD users 1
  SADD users:city: 1
  ZADD users:age 41 1
  SADD user:1:idx users:city: users:age
  EXEC
  HGETALL user:1
  HSETNX user:1 name Bob
  HINCRBY user:1 age 1
  SINTER users users:city:
  ZRANGEBYSCORE users:age 40 50
  SISMEMBER users 1
  SMISMEMBER users 1 2
  RENAME user:1 user:2
  HEXISTS user:1 name
  COPY user:2 user:3
  HVALS user:3

  # A list that keeps the newest hundred; a ring; a feed by pages.
  LPUSH feed e1 e2 e3
  LTRIM feed 0 99
  LRANGE feed 0 9
  RPOPLPUSH feed feed
  LINDEX feed -1
  LPOS feed e2
  LINSERT feed BEFORE e2 between
  LSET feed 0 first
  LRANGE feed 0 -1
  `,
);

const greetings = written(
  "what clients send first",
  `
  HELLO 3
  CLIENT SETINFO LIB-NAME redis-py
  CLIENT SETINFO LIB-VER 5.0.1
  CLIENT SETNAME worker-1
  SELECT 0
  CLIENT GETNAME

  CLIENT SETINFO
  CLIENT SETINFO lib-name go-redis(,go1.21)
  CLIENT MAINT_NOTIFICATIONS ON
  HELLO 3 AUTH default "" SETNAME go
  CLIENT GETNAME
  PING

  CLIENT NO-EVICT on
  CLIENT NO-TOUCH on
  CONFIG GET databases
  CONFIG GET maxmemory
  CONFIG GET save
  ACL WHOAMI
  ROLE
  WAIT 0 0
  OBJECT HELP
  MEMORY DOCTOR
  SWAPDB 0 0
  SWAPDB 0 1
  SWAPDB a 0
  ACL HELP
  LASTSAVE
  REPLICAOF NO ONE
  SLAVEOF no one
  SAVE
  `,
);

/** Sequences of commands in which well-known libraries use the store. */
export const applicationCorners: readonly Corner[] = [queues, caches, greetings];

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ServerNode } from "./serverNode.ts";

describe("commands of the connection group", () => {
  it("answer as redis-server does", () => {
    new ServerNode().follow(`
      > PING
      +PONG
      > PING hello
      $5 hello
      > PING a b
      -ERR wrong number of arguments for 'ping' command
      > ECHO hi
      $2 hi
      > SELECT 0
      +OK
      > SELECT x
      -ERR value is not an integer or out of range
      > CLIENT GETNAME
      $-1
      > CLIENT SETNAME me
      +OK
      > CLIENT GETNAME
      $2 me
      > CLIENT SETNAME "a b"
      -ERR Client names cannot contain spaces, newlines or special characters.
      > CLIENT SETNAME ""
      +OK
      > CLIENT GETNAME
      $-1
      > CLIENT NO-EVICT on
      +OK
      > CLIENT NO-EVICT maybe
      -ERR syntax error
      > CLIENT GETREDIR
      :-1
      > CLIENT CACHING YES
      -ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled
      > CLIENT TRACKING OFF
      +OK
      > CLIENT TRACKING maybe
      -ERR syntax error
      > CLIENT SETINFO lib-name x
      -ERR unknown subcommand 'SETINFO'. Try CLIENT HELP.
      > CLIENT NO-TOUCH on
      -ERR unknown subcommand 'NO-TOUCH'. Try CLIENT HELP.
      > CLIENT LIST TYPE bogus
      -ERR Unknown client type 'bogus'
      > CLIENT LIST TYPE pubsub
      $0
      > CLIENT LIST TYPE
      -ERR syntax error
      > CLIENT LIST ID
      -ERR syntax error
      > CLIENT LIST ID x
      -ERR Invalid client ID
      > CLIENT LIST ID 99999
      $0
      > CLIENT LIST BOGUS x
      -ERR syntax error
      > CLIENT REPLY maybe
      -ERR syntax error
      > CLIENT UNBLOCK x BOGUS
      -ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR
      > CLIENT UNBLOCK x
      -ERR value is not an integer or out of range
      > CLIENT UNBLOCK 99999
      :0
      > CLIENT UNBLOCK 1 TIMEOUT x
      -ERR unknown subcommand or wrong number of arguments for 'UNBLOCK'. Try CLIENT HELP.
      > CLIENT PAUSE x BOGUS
      -ERR CLIENT PAUSE mode must be WRITE or ALL
      > CLIENT PAUSE x
      -ERR timeout is not an integer or out of range
      > CLIENT PAUSE -1
      -ERR timeout is negative
      > CLIENT PAUSE 1 WRITE x
      -ERR unknown subcommand or wrong number of arguments for 'PAUSE'. Try CLIENT HELP.
      > CLIENT KILL 1.2.3.4:5
      -ERR No such client
      > CLIENT KILL ID x
      -ERR client-id should be greater than 0
      > CLIENT KILL ID 0
      -ERR client-id should be greater than 0
      > CLIENT KILL ID 99999
      :0
      > CLIENT KILL ID 5 ADDR
      -ERR syntax error
      > CLIENT KILL TYPE bogus
      -ERR Unknown client type 'bogus'
      > CLIENT KILL TYPE replica
      :0
      > CLIENT KILL USER nobody
      -ERR No such user 'nobody'
      > CLIENT KILL SKIPME maybe
      -ERR syntax error
      > CLIENT KILL BOGUS x
      -ERR syntax error
      > CLIENT BOGUS
      -ERR unknown subcommand 'BOGUS'. Try CLIENT HELP.
      > CLIENT
      -ERR wrong number of arguments for 'client' command
      > HELLO x
      -ERR Protocol version is not an integer or out of range
      > HELLO 1
      -NOPROTO unsupported protocol version
      > HELLO 3 SETNAME
      -ERR Syntax error in HELLO option 'SETNAME'
      > HELLO 3 AUTH nobody x
      -WRONGPASS invalid username-password pair or user is disabled.
      > HELLO 2 SETNAME "a b"
      -ERR Client names cannot contain spaces, newlines or special characters.
      > AUTH x
      -ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?
      > AUTH default x
      +OK
      > AUTH nobody x
      -WRONGPASS invalid username-password pair or user is disabled.
      > AUTH a b c
      -ERR syntax error
    `);
  });

  it("SELECT knows one database", () => {
    assert.equal(new ServerNode().line("SELECT 1"), "-ERR DB index is out of range");
  });

  it("CLIENT LIST has the fields of Redis 7.0, in its order", () => {
    const node = new ServerNode();
    const session = node.session();
    session.name = "me";
    session.queryBytes = 10;
    session.queryFreeBytes = 20;
    session.outputBytes = 30;
    node.now = 5_000;
    node.line("MULTI");
    node.session("other").blocked = true;
    node.line("CLIENT NO-EVICT on", node.session("other"));
    const lines = node.line("CLIENT LIST", node.session("third")).split("\n");
    assert.equal(
      lines[0]!.replace(/^\$\d+ /, ""),
      "id=1 addr=127.0.0.1:1 laddr=127.0.0.1:2 fd=-1 name=me age=5 idle=5 flags=x db=0 sub=0 psub=0 ssub=0 multi=0 qbuf=10 " +
        "qbuf-free=20 argv-mem=0 multi-mem=0 rbs=1024 rbp=0 obl=0 oll=1 omem=30 tot-mem=1084 events=rw cmd=multi user=default " +
        "redir=-1 resp=2",
    );
    assert.match(lines[1]!, /^id=2 .* flags=be .* cmd=client\|no-evict /);
    assert.match(lines[2]!, /^id=3 .* flags=N .* argv-mem=10 .* cmd=client\|list /);
  });

  it("CLIENT LIST ID and CLIENT INFO show some", () => {
    const node = new ServerNode();
    for (const name of ["a", "b", "c"]) node.session(name);
    const ids = (text: string) => [...text.matchAll(/\bid=(\d+)/g)].map((match) => match[1]);
    assert.deepEqual(ids(node.line("CLIENT LIST ID 3 1 9", node.session("a"))), ["3", "1"]);
    assert.deepEqual(ids(node.line("CLIENT LIST TYPE normal", node.session("a"))), ["1", "2", "3"]);
    assert.deepEqual(ids(node.line("CLIENT INFO", node.session("b"))), ["2"]);
    node.session("b").protocol = 3;
    assert.match(node.line("CLIENT INFO", node.session("b")), /^=\d+ txt:id=2 .* resp=3$/);
  });

  it("CLIENT KILL ends others at once, and oneself after the reply", () => {
    const node = new ServerNode();
    const own = node.session();
    for (const name of ["b", "c"]) node.session(name);
    assert.equal(node.line("CLIENT KILL ID 2"), ":1");
    assert.equal(node.line("CLIENT KILL TYPE normal"), ":2");
    assert.equal(node.line("CLIENT KILL LADDR 127.0.0.1:2 USER default ADDR 127.0.0.1:1"), ":2");
    assert.equal(own.closing, false);
    assert.equal(node.line("CLIENT KILL ID 1"), ":0");
    assert.equal(node.line("CLIENT KILL ID 1 SKIPME no"), ":1");
    assert.equal(own.closing, true);
    own.closing = false;
    assert.equal(node.line("CLIENT KILL 127.0.0.1:1"), "+OK");
    assert.equal(own.closing, true);
    assert.deepEqual(node.asked, ["kill 2", "kill 2", "kill 3", "kill 2", "kill 3", "kill 2", "kill 3"]);
  });

  it("CLIENT PAUSE, UNPAUSE and UNBLOCK ask the node", () => {
    const node = new ServerNode();
    node.now = 1000;
    node.session("b").blocked = true;
    assert.equal(node.line("CLIENT PAUSE 50", node.session("a")), "+OK");
    assert.equal(node.line("CLIENT PAUSE 60 WRITE", node.session("a")), "+OK");
    assert.equal(node.line("CLIENT UNPAUSE", node.session("a")), "+OK");
    assert.equal(node.line("CLIENT UNBLOCK 1", node.session("a")), ":1");
    assert.equal(node.line("CLIENT UNBLOCK 1 ERROR", node.session("a")), ":1");
    assert.equal(node.line("CLIENT UNBLOCK 2 TIMEOUT", node.session("a")), ":0");
    const asked = [
      "pause all 1050",
      "pause write 1060",
      "unpause",
      "unblock 1",
      "unblock 1 with an error",
      "unblock 2",
    ];
    assert.deepEqual(node.asked, asked);
  });

  it("CLIENT PAUSE refuses what the clock cannot count", () => {
    assert.equal(new ServerNode().line("CLIENT PAUSE 9223372036854775807"), "-ERR timeout is out of range");
  });

  it("CLIENT REPLY answers only what switches replies on", () => {
    const node = new ServerNode();
    assert.equal(node.line("CLIENT REPLY SKIP"), "");
    assert.equal(node.session().replyMode, "skip");
    assert.equal(node.line("CLIENT REPLY OFF"), "");
    assert.equal(node.line("CLIENT REPLY SKIP"), "");
    assert.equal(node.session().replyMode, "off");
    assert.equal(node.line("CLIENT REPLY ON"), "+OK");
    assert.equal(node.session().replyMode, "on");
  });

  it("CLIENT TRACKING is refused, not pretended", () => {
    const node = new ServerNode();
    assert.match(node.line("CLIENT TRACKING ON"), /^-ERR this server does not track keys/);
    node.session().protocol = 3;
    assert.equal(node.line("CLIENT TRACKINGINFO"), "%3 $5 flags ~1 $3 off $8 redirect :-1 $8 prefixes *0");
  });

  it("a password is asked of new sessions, and given by AUTH or HELLO", () => {
    const node = new ServerNode();
    assert.equal(node.line('CONFIG SET requirepass "open sesame"'), "+OK");
    const session = node.session("new");
    session.authenticated = false;
    assert.equal(node.line("PING", session), "-NOAUTH Authentication required.");
    assert.match(node.line("HELLO 3", session), /^-NOAUTH HELLO must be called/);
    assert.match(node.line("AUTH sesame", session), /^-WRONGPASS /);
    assert.match(node.line('AUTH nobody "open sesame"', session), /^-WRONGPASS /);
    assert.equal(session.authenticated, false);
    assert.equal(node.line('AUTH "open sesame"', session), "+OK");
    assert.equal(node.line("PING", session), "+PONG");
    assert.equal(node.line("RESET", session), "+RESET");
    assert.equal(node.line("PING", session), "-NOAUTH Authentication required.");
    assert.match(node.line('HELLO 3 AUTH default "open sesame" SETNAME me', session), /^%7 \$6 server \$5 redis /);
    assert.deepEqual([session.name, session.protocol, session.authenticated], ["me", 3, true]);
  });

  it("RESET forgets what the session had", () => {
    const node = new ServerNode();
    const session = node.session();
    Object.assign(session, { name: "me", protocol: 3, noEvict: true, readOnly: true, replyMode: "off" });
    session.watched.add("k");
    node.line("MULTI");
    assert.equal(node.line("RESET"), "+RESET");
    const { name, protocol, noEvict, readOnly, replyMode, transaction, watched } = session;
    assert.deepEqual(
      [name, protocol, noEvict, readOnly, replyMode, transaction],
      ["", 2, false, false, "on", undefined],
    );
    assert.equal(watched.size, 0);
  });

  it("QUIT closes after its reply", () => {
    const node = new ServerNode();
    assert.equal(node.line("QUIT now"), "+OK");
    assert.equal(node.session().closing, true);
  });
});

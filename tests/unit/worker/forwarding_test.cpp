// The data plane from socket to socket: real workers, scripted apps, and rings that the test makes agree or
// disagree.
#include <catch2/catch.hpp>

#include "tests/unit/worker/usual_hosts.hpp"

using namespace ringside;
using namespace ringside::test;
using Catch::Matchers::Contains;
using Catch::Matchers::EndsWith;
using Catch::Matchers::StartsWith;

TEST_CASE("replies of an app reach the client framed anew") {
  struct Row {
    const char *what, *reply;
    bool closes;  // the app ends the connection behind it
    const char *status, *must_contain;
  };
  const auto row = GENERATE(values<Row>({
      {"counted", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", false, "HTTP/1.1 200", "\r\n\r\nok"},
      {"chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;x=y\r\no\r\n1\r\nk\r\n0\r\n\r\n",
       false, "HTTP/1.1 200", "Transfer-Encoding: chunked"},
      {"until the connection ends", "HTTP/1.1 200 OK\r\n\r\nok", true, "HTTP/1.1 200",
       "2\r\nok\r\n0\r\n\r\n"},
      {"no content", "HTTP/1.1 204 No Content\r\n\r\n", false, "HTTP/1.1 204", "\r\n\r\n"},
      {"after an early hint",
       "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", false,
       "HTTP/1.1 200", "\r\n\r\nok"},
      {"both framings",
       "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
       false, "HTTP/1.1 502", "app_error"},
      {"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok", false,
       "HTTP/1.1 502", "app_error"},
      {"a bad status line", "HTTP/1.1 2000 OK\r\n\r\n", false, "HTTP/1.1 502", "app_error"},
      {"a switch of protocols nobody asked for", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
       false, "HTTP/1.1 502", "without being asked"},
      {"nothing but the end", "", true, "HTTP/1.1 502", "\"executed\":\"maybe\""},
      {"half a head", "HTTP/1.1 200 OK\r\nContent-Le", true, "HTTP/1.1 502", "\"executed\":\"maybe\""},
  }));
  INFO(row.what);
  ScriptedApp app([&row](Peer& peer, int) {
    (void)peer.read_until("\r\n\r\n");
    peer.send(row.reply);
    if (!row.closes) (void)peer.read_all();
  });
  Alone alone(app.address());
  const std::string answer = exchange(alone.host.port(), post("/v1/route/k/x", ""));
  CHECK_THAT(answer, StartsWith(row.status));
  CHECK_THAT(answer, Contains(row.must_contain));
}

TEST_CASE("a reply that ends too early is never taken for whole: the client's connection is cut") {
  const auto reply = GENERATE(as<std::string>{}, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nok",
                              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n");
  INFO(reply);
  ScriptedApp app([&reply](Peer& peer, int) {
    (void)peer.read_until("\r\n\r\n");
    peer.send(reply);
  });
  Alone alone(app.address());
  Peer client = Peer::connect(alone.host.port());
  client.send(get("/v1/route/k/x"));
  const std::string answer = client.read_all();
  CHECK(answer.find("0\r\n\r\n") == std::string::npos);
  CHECK(client.was_reset());
}

TEST_CASE("trailers pass both ways over any number of hops; those that may not stand there do not") {
  const bool far = GENERATE(false, true);
  INFO(far);
  std::promise<std::string> asked;
  ScriptedApp app([&asked](Peer& peer, int) {
    for (;;) {
      std::string request = peer.read_until("\r\n\r\n");
      if (request.empty()) return;
      if (request.starts_with("POST")) {
        request += peer.read_until("\r\n0\r\n");
        asked.set_value(request + peer.read_until("\r\n\r\n"));
      }
      peer.send(
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n"
          "X-Sum: 7\r\nContent-Length: 99\r\nRingside-Owner: evil\r\n\r\n");
    }
  });
  Pair pair(app, app);
  Peer client = Peer::connect(pair.a.port());
  client.send("POST /v1/route/" + pair.key_of(far ? pair.b : pair.a) +
              "/x HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nTransfer-Encoding: chunked\r\n\r\n"
              "5\r\nhello\r\n0\r\nX-Digest: abc\r\nHost: evil\r\nRingside-Key: evil\r\n\r\n");
  const std::string reply = client.read_until("um: 7\r\n\r\n");
  const std::string request = asked.get_future().get();
  CHECK_THAT(request, Contains("\r\n5\r\nhello\r\n0\r\nX-Digest: abc\r\n\r\n", Catch::CaseSensitive::No));
  CHECK(request.find("evil") == std::string::npos);
  CHECK(request.find("TE: ") == std::string::npos);
  CHECK_THAT(reply, Contains("\r\n2\r\nok\r\n0\r\n"));
  CHECK_THAT(reply, Contains("0\r\nX-Sum: 7\r\n\r\n", Catch::CaseSensitive::No));
  CHECK(reply.find("99") == std::string::npos);
  CHECK(reply.find("evil") == std::string::npos);

  const std::string old =
      exchange(pair.a.port(), "GET /v1/route/" + pair.key_of(far ? pair.b : pair.a) + "/x HTTP/1.0\r\n\r\n");
  CHECK(old.ends_with("\r\n\r\nok"));  // HTTP/1.0 has no place for trailers
}

TEST_CASE("bytes behind a reply are given to nobody") {
  ScriptedApp app([](Peer& peer, int) {
    (void)peer.read_until("\r\n\r\n");
    peer.send(ok_reply("ok") + ok_reply("evil"));
    (void)peer.read_all();
  });
  Alone alone(app.address());
  for (int i = 0; i < 3; ++i) {
    const std::string answer = exchange(alone.host.port(), get("/v1/route/k/x"));
    CHECK_THAT(answer, Contains("\r\n\r\nok"));
    CHECK(answer.find("evil") == std::string::npos);
  }
  CHECK(app.connections() == 3);
}

TEST_CASE(
    "a connection that the app closed while it was idle costs an idempotent request nothing and a POST a "
    "502") {
  std::atomic<int> served = 0;
  ScriptedApp app([&served](Peer& peer, int number) {
    if (peer.read_until("\r\n\r\n").empty()) return;
    if (number == 2) return;  // takes the request and goes without a word
    ++served;
    peer.send(ok_reply("ok"));
    (void)peer.read_until("\r\n\r\n");  // on the kept connection: takes the next request and goes as well
  });
  Alone alone(app.address());
  CHECK_THAT(exchange(alone.host.port(), get("/v1/route/k/1")), StartsWith("HTTP/1.1 200"));
  const std::string second = exchange(alone.host.port(), post("/v1/route/k/2", "x"));
  CHECK_THAT(second, StartsWith("HTTP/1.1 502"));
  CHECK_THAT(second, Contains("\"executed\":\"maybe\""));
  CHECK_THAT(exchange(alone.host.port(), get("/v1/route/k/3")), Contains("Ringside-Attempts: 2"));
  CHECK(served == 2);
  CHECK(alone.host.counters().retries.value() == 1);
}

TEST_CASE("an app that does not listen is said to be down, at once and by name") {
  std::string address;
  {
    ScriptedApp gone([](Peer&, int) {});
    address = gone.address();
  }
  Alone alone(address);
  const std::string answer = exchange(alone.host.port(), get("/v1/route/k/x"));
  CHECK_THAT(answer, StartsWith("HTTP/1.1 503"));
  CHECK_THAT(answer, Contains("Ringside-Error: app_down") && Contains(address) &&
                         Contains("\"executed\":\"no\"") && Contains("Retry-After:"));
}

TEST_CASE("a caller's time limit ends the waiting") {
  ScriptedApp app([](Peer& peer, int) { (void)peer.read_all(); });
  Alone alone(app.address());
  const std::string answer = exchange(alone.host.port(), get("/v1/route/k/x", "Ringside-Timeout: 50ms\r\n"));
  CHECK_THAT(answer, StartsWith("HTTP/1.1 504"));
  CHECK_THAT(answer, Contains("Ringside-Error: timeout") && Contains("\"executed\":\"maybe\""));
  // As if another node had owned the key.
  CHECK_THAT(answer, Contains("Ringside-Served-By: a\r\n") && Contains("Ringside-Owner: a\r\n") &&
                         Contains("Ringside-Hops: 0\r\n") && Contains("Ringside-Attempts: 1\r\n") &&
                         Contains("Ringside-Version: "));
}

TEST_CASE("a HEAD that is refused on sight gets no body") {
  ScriptedApp app([](Peer& peer, int) { (void)peer.read_all(); });
  Alone alone(app.address());
  for (const char* fields : {"Expect: z\r\n", "Bad Name: 1\r\n", "Host: b\r\n"}) {
    const std::string rest = " /x HTTP/1.1\r\nHost: a\r\nRingside-Key: k\r\n" + std::string(fields) + "\r\n";
    const std::string refused = exchange(alone.host.port(), "HEAD" + rest);
    CHECK_THAT(refused, StartsWith("HTTP/1.1 4") && Contains("\r\nContent-Length: ") && EndsWith("\r\n\r\n"));
    CHECK_THAT(exchange(alone.host.port(), "GET" + rest), StartsWith("HTTP/1.1 4") && EndsWith("}\n"));
  }
}

TEST_CASE("over the cap of requests under way the next one is refused, unexecuted") {
  ScriptedApp app([](Peer& peer, int) { (void)peer.read_all(); });
  Host host("a", app.address());
  host.config.forward.in_flight = 2;
  host.open();
  host.start({host.server()});
  Peer first = Peer::connect(host.port()), second = Peer::connect(host.port());
  first.send(get("/v1/route/k/1"));
  second.send(get("/v1/route/k/2"));
  while (host.counters().in_flight.value() < 2) std::this_thread::yield();
  const std::string answer = exchange(host.port(), get("/v1/route/k/3"));
  CHECK_THAT(answer, StartsWith("HTTP/1.1 503"));
  CHECK_THAT(answer, Contains("Ringside-Error: overloaded") && Contains("Retry-After:"));
}

TEST_CASE("before the first join round nothing is promised") {
  ScriptedApp app(answering(ok_reply("ok")));
  Alone alone(app.address());
  alone.host.set_view(alone.host.view({alone.host.server()}, api::Phase::joining));
  CHECK_THAT(exchange(alone.host.port(), get("/v1/route/k/x")),
             StartsWith("HTTP/1.1 503") && Contains("Ringside-Error: not_joined"));
  CHECK_THAT(exchange(alone.host.port(), get("/v1/local/x")), StartsWith("HTTP/1.1 200"));
}

TEST_CASE("a refused request closes its connection and what was sent behind it reaches nobody") {
  std::atomic<int> served = 0;
  ScriptedApp app(answering(ok_reply("ok"), &served));
  Alone alone(app.address());
  const std::string answer = exchange(
      alone.host.port(), "GET /v1/route/k/x HTTP/1.1\r\nHost: a\r\nX : v\r\n\r\n" + get("/v1/route/k/2"));
  CHECK_THAT(answer, StartsWith("HTTP/1.1 400") && Contains("Connection: close"));
  CHECK(answer.find("HTTP/1.1", 8) == std::string::npos);
  CHECK(served == 0);
}

TEST_CASE("two hosts: each key is served by its owner, from both entries") {
  ScriptedApp app_a(answering(ok_reply("from a"))), app_b(answering(ok_reply("from b")));
  Pair pair(app_a, app_b);
  Host &a = pair.a, &b = pair.b;
  for (const Host* entry : {&a, &b}) {
    for (const Host* owner : {&a, &b}) {
      const std::string answer = exchange(entry->port(), get("/v1/route/" + pair.key_of(*owner) + "/x"));
      const std::string name = owner->server().name;
      CHECK_THAT(answer, Contains("from " + name) && Contains("Ringside-Owner: " + name) &&
                             Contains("Ringside-Served-By: " + name));
      CHECK_THAT(answer, Contains(entry == owner ? "Ringside-Hops: 0" : "Ringside-Hops: 1"));
    }
  }
}

TEST_CASE("large bodies cross two hops whole, both ways") {
  const std::string big(3 * 1024 * 1024 + 7, 'x');
  ScriptedApp app_b([&big](Peer& peer, int) {
    const std::string head = peer.read_until("\r\n\r\n");
    const std::string body = peer.read_bytes(big.size());
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    (void)peer.read_all();
  });
  ScriptedApp app_a(answering(ok_reply("a")));
  Pair pair(app_a, app_b);
  Host &a = pair.a, &b = pair.b;
  Peer client = Peer::connect(a.port());
  client.send(post("/v1/route/" + pair.key_of(b) + "/x", big));
  const std::string head = client.read_until("\r\n\r\n");
  CHECK_THAT(head, StartsWith("HTTP/1.1 200"));
  CHECK(client.read_all() == big);
}

TEST_CASE("a request whose owner says 'not me' waits for the ring to move and is then served, once") {
  std::atomic<int> served_a = 0, served_b = 0;
  ScriptedApp app_a(answering(ok_reply("from a"), &served_a)),
      app_b(answering(ok_reply("from b"), &served_b));
  Host a("a", app_a.address()), b("b", app_b.address());
  a.config.forward.max_hops = b.config.forward.max_hops = 1;
  a.open();
  b.open();
  a.start({b.server()});  // a believes that b owns everything
  b.start({a.server()});  // b believes that a does
  Peer client = Peer::connect(a.port());
  client.send(get("/v1/route/k/x"));
  while (b.counters().errors_executed_no.value() == 0) std::this_thread::yield();  // b has refused it
  a.set_ring({a.server()});
  const std::string answer = client.read_all();
  CHECK_THAT(answer, Contains("from a") && Contains("Ringside-Attempts: "));
  CHECK(answer.find("Ringside-Attempts: 1\r\n") == std::string::npos);
  CHECK(served_a == 1);
  CHECK(served_b == 0);
  CHECK(a.counters().reroutes.value() == 1);
}

TEST_CASE("a node that is not the owner passes a request on, and at the hop limit it says so") {
  std::atomic<int> served_c = 0;
  ScriptedApp app(answering(ok_reply("wrong"))), app_c(answering(ok_reply("from c"), &served_c));
  Host a("a", app.address()), b("b", app.address()), c("c", app_c.address());
  a.open();
  b.open();
  c.open();
  a.start({b.server()});
  b.start({c.server()});
  c.start({c.server()});
  CHECK_THAT(exchange(a.port(), get("/v1/route/k/x")),
             Contains("from c") && Contains("Ringside-Hops: 2") && Contains("Ringside-Served-By: c"));
  c.set_ring({a.server()});
  const std::string answer = exchange(a.port(), get("/v1/route/k/x", "Ringside-Timeout: 300ms\r\n"));
  CHECK_THAT(answer, Contains("\"executed\":\"no\"") || Contains("Ringside-Error: timeout"));
  CHECK(served_c == 1);
}

TEST_CASE(
    "a node in the middle whose owner refuses tells the entry, which asks again until the rings agree") {
  std::atomic<int> served_c = 0;
  ScriptedApp app(answering(ok_reply("wrong"))), app_c(answering(ok_reply("from c"), &served_c));
  Host a("a", app.address()), b("b", app.address()), c("c", app_c.address());
  a.open();
  b.open();
  c.open();
  a.start({b.server()});
  b.start({c.server()});
  c.start({a.server()});
  Peer client = Peer::connect(a.port());
  client.send(get("/v1/route/k/x"));
  while (b.counters().errors_executed_no.value() == 0) std::this_thread::yield();  // the entry has been told
  c.set_ring({c.server()});
  CHECK_THAT(client.read_all(), Contains("from c") && Contains("Ringside-Hops: 2"));
  CHECK(served_c == 1);
}

TEST_CASE("a refusal by the next owner does not take back that the one before may have run the request") {
  std::promise<void> reached, ring_moved;
  ScriptedApp peer_b([&](Peer& peer, int) {  // b's ringside: dies with the request under way
    (void)peer.read_some();
    reached.set_value();
    ring_moved.get_future().wait();
  });
  Host a("a", ""), c("c", "");  // c has no app: it refuses with app_down, executed: no
  a.open();
  c.open();
  a.start({{"b", peer_b.address()}});
  c.start({c.server()});
  Peer client = Peer::connect(a.port());
  client.send(get("/v1/route/k/x"));
  reached.get_future().wait();
  a.set_ring({c.server()});
  ring_moved.set_value();
  CHECK_THAT(client.read_all(), StartsWith("HTTP/1.1 502") && Contains("Ringside-Error: app_error") &&
                                    Contains("app_down") && Contains("\"executed\":\"maybe\"") &&
                                    Contains("\"attempts\":2"));
}

TEST_CASE("an owner that cannot be reached: 503, unexecuted, with the cause") {
  ScriptedApp app(answering(ok_reply("ok")));
  Alone alone(app.address());
  std::string dead;
  {
    Host gone("gone", app.address());
    gone.open();
    dead = gone.server().address;
  }
  alone.host.set_ring({{"gone", dead}});
  const std::string answer = exchange(alone.host.port(), post("/v1/route/k/x", "body"));
  CHECK_THAT(answer, StartsWith("HTTP/1.1 503") && Contains("Ringside-Error: peer_unreachable") &&
                         Contains("refused") && Contains("\"executed\":\"no\""));
}

TEST_CASE("100 clients at once, pipelining, through two hops: every answer belongs to its request") {
  const auto echo = [](Peer& peer, int) {
    for (;;) {
      const std::string head = peer.read_until("\r\n\r\n");
      if (head.empty()) return;
      peer.send(ok_reply("<" + head.substr(4, head.find(' ', 4) - 4) + ">"));
    }
  };
  ScriptedApp app_a(echo), app_b(echo);
  Pair pair(app_a, app_b);
  Host &a = pair.a, &b = pair.b;
  std::vector<std::future<int>> clients;
  for (int i = 0; i < 100; ++i)
    clients.push_back(std::async(std::launch::async, [&, i] {
      Peer client = Peer::connect(i % 2 == 0 ? a.port() : b.port());
      int wrong = 0;
      for (int round = 0; round < 5; ++round) {
        std::string requests, want;
        for (int j = 0; j < 4; ++j) {
          const std::string path =
              "/" + std::to_string(i) + "-" + std::to_string(round) + "-" + std::to_string(j);
          requests += "GET /v1/route/key" + std::to_string(i * 7 + j) + path + " HTTP/1.1\r\nHost: a\r\n\r\n";
        }
        client.send(requests);
        for (int j = 0; j < 4; ++j) {
          const std::string path =
              "/" + std::to_string(i) + "-" + std::to_string(round) + "-" + std::to_string(j);
          const std::string head = client.read_until("\r\n\r\n");
          if (client.read_bytes(path.size() + 2) != "<" + path + ">") ++wrong;
        }
      }
      return wrong;
    }));
  int wrong = 0;
  for (auto& client : clients) wrong += client.get();
  CHECK(wrong == 0);
}

TEST_CASE("a body that turns bad while the app is being connected to is a 400, not the end of the daemon") {
  ScriptedApp app([](Peer& peer, int) {
    if (peer.read_until("\r\n\r\n").starts_with("GET")) peer.send(ok_reply("ok"));
    (void)peer.read_all();
  });
  for (int i = 0; i < 20; ++i) {
    Alone alone("localhost:" +
                app.address().substr(app.address().rfind(':') + 1));  // a name: connecting takes a moment
    const std::string answer =
        exchange(alone.host.port(),
                 "POST /v1/route/k/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n10000\r\n" +
                     std::string(65536, 'x') + "\r\nZZZZZ\r\n");
    CHECK_THAT(answer, StartsWith("HTTP/1.1 400"));
    CHECK_THAT(exchange(alone.host.port(), get("/v1/local/x")), StartsWith("HTTP/1.1 200"));
  }
}

TEST_CASE("replies that come before the request's body has ended leave nothing open on the link") {
  ScriptedApp app_a(answering(ok_reply("a")));
  ScriptedApp app_b([](Peer& peer, int) {
    (void)peer.read_until("\r\n\r\n");
    peer.send("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig");
    (void)peer.read_all();
  });
  Pair pair(app_a, app_b);
  Host &a = pair.a, &b = pair.b;
  const std::string key = pair.key_of(b);
  for (int i = 0; i < 20; ++i) {
    Peer client = Peer::connect(a.port());
    client.send("POST /v1/route/" + key + "/x HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" +
                std::string(1000, 'x'));
    CHECK_THAT(client.read_until("big"), StartsWith("HTTP/1.1 413"));
  }
  std::promise<void> drained;
  b.drain([&drained] { drained.set_value(); });  // ends only when every stream has
  CHECK(drained.get_future().wait_for(std::chrono::seconds(10)) == std::future_status::ready);
}

TEST_CASE("a slow reader gets the whole of a last reply") {
  const std::string big(4 * 1024 * 1024, 'x');
  ScriptedApp app(answering(ok_reply(big)));
  Alone alone(app.address());
  Peer client = Peer::connect(alone.host.port());
  client.send(get("/v1/route/k/x"));
  (void)client.read_until("\r\n\r\n");
  const auto start =
      Clock::now();  // reads nothing for longer than the moment that is given to read last words
  while (Clock::now() - start < std::chrono::milliseconds(1500)) std::this_thread::yield();
  CHECK(client.read_all() == big);
}

TEST_CASE("an app that speaks before it is asked is not believed") {
  std::atomic<int> rounds = 0;
  ScriptedApp app([&rounds](Peer& peer, int) {
    if (++rounds == 1) peer.send(ok_reply("nobody asked"));
    (void)peer.read_until("\r\n\r\n");
    peer.send(ok_reply("ok"));
    (void)peer.read_all();
  });
  Alone alone(app.address());
  const std::string first = exchange(alone.host.port(), post("/v1/route/k/1", ""));
  // Whether its bytes come before or after the request is a race; never may they answer a later request.
  CHECK_THAT(first, StartsWith("HTTP/1.1 502") || Contains("nobody asked"));
  CHECK_THAT(exchange(alone.host.port(), get("/v1/route/k/2")), Contains("\r\n\r\nok"));
}

TEST_CASE("a client that asks without reading gets no further: its answers do not pile up") {
  ScriptedApp app(answering(ok_reply("ok")));
  Alone alone(app.address());
  Peer client = Peer::connect(alone.host.port());
  std::string requests;
  for (int i = 0; i < 4000; ++i) requests += "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n";
  std::thread sender([&] {
    client.send(requests);
    client.end_output();
  });
  while (alone.host.counters().bytes_out.value() == 0) std::this_thread::yield();
  // Others are served meanwhile; once their requests pass without a byte more for the one, it has been
  // stopped.
  std::uint64_t before = 0;
  for (int quiet = 0; quiet < 100;) {
    const auto written = alone.host.counters().bytes_out.value();
    quiet = written - before < 16 ? quiet + 1 : 0;
    before = written;
    CHECK_THAT(exchange(alone.host.port(), get("/v1/local/x")), StartsWith("HTTP/1.1 200"));
  }
  CHECK(before < 16 * 1024 * 1024);  // what the kernel holds, and our window; all answers have twice that
  int answers = 0;
  while (client.read_until("HTTP/1.1 200 OK\r\n").ends_with("HTTP/1.1 200 OK\r\n")) ++answers;
  sender.join();
  CHECK(answers == 4000);
}

TEST_CASE("an HTTP/1.0 request without a Host reaches an owner elsewhere") {
  ScriptedApp app_a(answering(ok_reply("a"))), app_b(answering(ok_reply("from b")));
  Pair pair(app_a, app_b);
  Host &a = pair.a, &b = pair.b;
  CHECK_THAT(exchange(a.port(), "GET /v1/route/" + pair.key_of(b) + "/x HTTP/1.0\r\n\r\n"),
             Contains("from b"));
}

TEST_CASE("a retry of an empty chunked request is whole") {
  ScriptedApp app([](Peer& peer, int number) {
    if (peer.read_until("\r\n\r\n").empty()) return;
    (void)peer.read_until("0\r\n\r\n");
    if (number == 1) return;
    peer.send(ok_reply("ok"));
    (void)peer.read_all();
  });
  Alone alone(app.address());
  const std::string answer = exchange(alone.host.port(),
                                      "PUT /v1/route/k/x HTTP/1.1\r\nHost: a\r\nConnection: "
                                      "close\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
  CHECK_THAT(answer, Contains("\r\n\r\nok") && Contains("Ringside-Attempts: 2"));
}

TEST_CASE("once a try may have run, no later failure says that nothing did") {
  ScriptedApp app([](Peer& peer, int) { (void)peer.read_until("\r\n\r\n"); });  // takes the request and goes
  Host host("a", app.address());
  host.open();
  host.start({host.server()});
  const std::string answer = exchange(host.port(), get("/v1/route/k/x"));
  CHECK_THAT(answer, StartsWith("HTTP/1.1 502") && Contains("\"executed\":\"maybe\""));
}

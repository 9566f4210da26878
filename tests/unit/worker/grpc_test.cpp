// gRPC: what it asks of a proxy beyond HTTP/2.
#include "daemon/worker/grpc.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/worker/http2_end.hpp"

using namespace ringside;
using namespace ringside::test;
using Catch::Matchers::Contains;
using namespace std::chrono_literals;

TEST_CASE("a content type tells gRPC from what only looks like it") {
  const auto is = [](std::string_view type) { return worker::is_grpc({{"content-type", type}}); };
  for (const char* type :
       {"application/grpc", "application/grpc+proto", "Application/gRPC+json", "application/grpc;x=y"})
    CHECK(is(type));
  for (const char* type : {"application/grpc-web", "application/grpc-web+proto", "application/json", ""})
    CHECK_FALSE(is(type));
  CHECK_FALSE(worker::is_grpc({}));
}

TEST_CASE("grpc-timeout in all its units") {
  const auto parse = worker::parse_grpc_timeout;
  CHECK(parse("1H") == 1h);
  CHECK(parse("2M") == 2min);
  CHECK(parse("3S") == 3s);
  CHECK(parse("4m") == 4ms);
  CHECK(parse("5000u") == 5ms);
  CHECK(parse("6000000n") == 6ms);
  CHECK(parse("1n") == 1ms);  // never none at all
  CHECK(parse("99999999H") == Millis(99999999h));
  for (const char* bad : {"", "S", "1", "1x", "-1S", " 1S", "1 S", "123456789S", "1.5S"}) {
    INFO(bad);
    CHECK_FALSE(parse(bad));
  }
}

TEST_CASE("errors of our own are trailers-only answers to a gRPC call, with the status that fits") {
  struct Row {
    const char* what;
    std::function<void(Host&)> prepare;
    ScriptedApp::Script app;
    std::vector<http::Field> fields;
    const char *status, *code;
  };
  const http::Field key{"ringside-key", "k"};
  const auto nothing = [](Host&) {};
  const ScriptedApp::Script silent = [](Peer& peer, int) { (void)peer.read_all(); };
  const Row rows[] = {
      {"no app", [](Host& host) { host.config.app.address = ""; }, silent, {key}, "14", "app_down"},
      {"an app that does not listen",
       [](Host& host) { host.config.app.address = "127.0.0.1:1"; },
       silent,
       {key},
       "14",
       "app_down"},
      {"an app that hangs up with the call",
       nothing,
       [](Peer& peer, int) { (void)peer.read_until("\r\n\r\n"); },
       {key},
       "2",
       "app_error"},
      {"no answer in the caller's time", nothing, silent, {key, {"grpc-timeout", "50m"}}, "4", "timeout"},
      {"our own time limit wins",
       nothing,
       silent,
       {key, {"grpc-timeout", "1H"}, {"ringside-timeout", "50ms"}},
       "4",
       "timeout"},
      {"too much to do",
       [](Host& host) { host.config.forward.in_flight = 0; },
       silent,
       {key},
       "8",
       "overloaded"},
      {"no key", nothing, silent, {}, "3", "missing_key"},
      {"a key that is none", nothing, silent, {{"ringside-key-bin", "?"}}, "3", "bad_key"},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    ScriptedApp app(row.app);
    Host host("a", app.address());
    row.prepare(host);
    host.open();
    host.start({host.server()});
    Http2Client client(host.port());
    const Seen& seen = client.answer(client.ask(grpc_call("/demo.Service/Do", row.fields), "message"));
    CHECK(seen.status == 200);
    CHECK(seen.body.empty());
    CHECK(seen.framing.kind == http::BodyKind::none);
    REQUIRE(seen.fields.contains("grpc-status"));
    CHECK(seen.fields.at("grpc-status") == row.status);
    CHECK(seen.fields.at("content-type") == "application/grpc");
    CHECK(seen.fields.at("ringside-error") == row.code);
    CHECK_THAT(seen.fields.at("grpc-message"), Contains("ringside: " + std::string(row.code)));
  }
}

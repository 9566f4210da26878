// Who may ask on an API listener: the table of Hosts and Origins, and that both protocols and every path keep
// to it.
#include "daemon/worker/web_guard.hpp"

#include <catch2/catch.hpp>

#include "daemon/worker/route.hpp"
#include "tests/unit/worker/http2_end.hpp"
#include "tests/unit/worker/usual_hosts.hpp"

using namespace ringside;
using namespace ringside::test;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using worker::WebGuard;

namespace {

config::Config settings() {
  config::Config config;
  config.node.name = "node-1";
  config.advertise = "ring.internal:7601";
  config.security.api_hosts = {"ring-a", "localhost:8080", "*.shop.example", "[2001:db8::1]"};
  config.security.api_origins = {"https://shop.example", "http://localhost:3000"};
  return config;
}

http::RequestHead asking_for(std::string_view authority, std::vector<http::Field> fields = {}) {
  http::RequestHead head;
  head.method = "GET";
  head.target = "/v1/members";
  head.authority = authority;
  head.fields = std::move(fields);
  return head;
}

// 0: it may pass.
int status(const WebGuard& guard, const http::RequestHead& head) {
  const auto problem = guard.refusal(head);
  return problem ? api::row(problem->code).status : 0;
}

const std::string own = "10.1.2.3:7601";

}  // namespace

TEST_CASE("a Host is one of this node's names, without a port or with the listener's") {
  struct Row {
    std::string host;
    bool known;
  };
  const auto row = GENERATE(values<Row>({
      {"localhost", true},
      {"LocalHost:7600", true},
      {"localhost.", true},
      {"localhost:", true},
      {"localhost:7601", false},
      {"localhost:8080", true},  // as api_hosts has it
      {"127.0.0.1", true},
      {"127.0.0.1:7600", true},
      {"127.0.0.1:80", false},
      {"127.9.9.9:7600", true},
      {"127.1", false},
      {"127.0.0.1.evil.example", false},
      {"127.evil.example", false},
      {"[::1]:7600", true},
      {"[::2]:7600", false},
      {"node-1:7600", true},
      {"NODE-1", true},
      {"node-12", false},
      {"10.1.2.3:7600", true},       // what peers dial
      {"10.1.2.3:7601", false},      // but that is their port
      {"ring.internal:7600", true},  // the same as a name
      {"10.0.0.9:7600", true},       // what it is bound to
      {"10.0.0.8:7600", false},
      {"ring-a", true},
      {"ring-a:7600", true},
      {"ring-a:8080", false},
      {"eu.shop.example:7600", true},
      {"shop.example", false},
      {"[2001:DB8::1]:7600", true},
      {"0.0.0.0:7600", false},
      {"evil.example", false},
      {"evil.example:7600", false},
      {"localhost.evil.example", false},
      {"", false},
  }));
  INFO(row.host);
  const WebGuard guard(settings(), {"10.0.0.9", 7600, {}}, own);
  CHECK(status(guard, asking_for(row.host)) == (row.known ? 0 : 421));
}

TEST_CASE("a refused Host is named, with what is wrong with it and the option that allows it") {
  const WebGuard guard(settings(), {"127.0.0.1", 7600, {}}, own);
  CHECK(guard.refusal(asking_for("evil.example:7600"))->detail ==
        "'evil.example:7600' is none of this node's host names; if it leads here, add it to "
        "security.api_hosts (--security-api-hosts)");
  CHECK_THAT(
      guard.refusal(asking_for("ring-a:81"))->detail,
      StartsWith("'ring-a:81' has another port than this listener, 7600; if it leads here, add it to "));
  CHECK(guard.refusal(asking_for(""))->detail == "the request names no host; localhost will do");
}

TEST_CASE("the machine's own name is one of them") {
  char name[256] = {};
  REQUIRE(::gethostname(name, sizeof name - 1) == 0);
  const WebGuard guard(settings(), {"127.0.0.1", 7600, {}}, own);
  CHECK(status(guard, asking_for(std::string(name) + ":7600")) == 0);
}

TEST_CASE("a listener on all addresses is asked for by any of them, but not by foreign names") {
  struct Row {
    std::string host;
    bool known;
  };
  const auto row = GENERATE(values<Row>({
      {"192.0.2.7:7600", true},
      {"192.0.2.7", true},
      {"[2001:db8::7]:7600", true},
      {"192.0.2.7:80", false},
      {"192.0.2.777:7600", false},
      {"192.0.2.7.evil.example", false},
      {"0.0.0.0:7600", false},
      {"[::]:7600", false},
      {"evil.example:7600", false},
  }));
  INFO(row.host);
  for (const std::string wildcard : {"0.0.0.0", "::"})
    CHECK(status(WebGuard(settings(), {wildcard, 7600, {}}, own), asking_for(row.host)) ==
          (row.known ? 0 : 421));
}

TEST_CASE("who knows no Host is no browser: HTTP/1.0, and whatever is asked on a unix socket") {
  auto old = asking_for("");
  old.http10 = true;
  CHECK(status(WebGuard(settings(), {"127.0.0.1", 7600, {}}, own), old) == 0);
  old.authority = "evil.example";
  CHECK(status(WebGuard(settings(), {"127.0.0.1", 7600, {}}, own), old) == 421);
  const WebGuard on_socket(settings(), {"", 0, "/run/ringside/api.sock"}, own);
  CHECK(status(on_socket, asking_for("evil.example")) == 0);
  CHECK(status(on_socket, asking_for("evil.example", {{"Origin", "http://other.example"}})) == 403);
}

TEST_CASE("* answers for any Host, and still for no other site") {
  auto config = settings();
  config.security.api_hosts = {"ring-a", "*"};
  const WebGuard guard(config, {"127.0.0.1", 7600, {}}, own);
  CHECK(status(guard, asking_for("evil.example:1")) == 0);
  CHECK(status(guard, asking_for("evil.example", {{"Origin", "http://other.example"}})) == 403);
}

TEST_CASE("a page may ask if its origin is the listener's own or listed; programs have none") {
  using Fields = std::vector<http::Field>;
  struct Row {
    Fields fields;
    bool may;
  };
  const auto row = GENERATE(values<Row>({
      {{}, true},
      {{{"Origin", "http://localhost:7600"}}, true},
      {{{"Origin", "http://LOCALHOST:7600"}, {"Sec-Fetch-Site", "same-origin"}}, true},
      {{{"Origin", "https://localhost:7600"}}, false},
      {{{"Origin", "http://localhost"}}, false},
      {{{"Origin", "http://127.0.0.1:7600"}}, false},  // another origin, though the same listener
      {{{"Origin", "http://evil.example"}}, false},
      {{{"origin", "null"}}, false},
      {{{"Origin", ""}}, false},
      {{{"Origin", "https://shop.example"}}, true},
      {{{"Origin", "https://shop.example"}, {"Sec-Fetch-Site", "cross-site"}}, true},
      {{{"Origin", "https://shop.example.evil"}}, false},
      {{{"Origin", "https://shop.example"}, {"Origin", "http://evil.example"}}, false},
      {{{"Sec-Fetch-Site", "none"}}, true},
      {{{"Sec-Fetch-Site", "same-origin"}}, true},
      {{{"Sec-Fetch-Site", "same-site"}}, false},
      {{{"sec-fetch-site", "Cross-Site"}}, false},
      {{{"Origin", "http://localhost:7600"}, {"Sec-Fetch-Site", "cross-site"}}, false},
  }));
  const WebGuard guard(settings(), {"127.0.0.1", 7600, {}}, own);
  for (const auto& field : row.fields) UNSCOPED_INFO(field.name << ": " << field.value);
  CHECK(status(guard, asking_for("localhost:7600", row.fields)) == (row.may ? 0 : 403));
}

TEST_CASE("of a listener that speaks TLS the own origin begins with https") {
  const WebGuard guard(settings(), {"127.0.0.1", 7600, {}, true}, own);
  CHECK(status(guard, asking_for("localhost:7600", {{"Origin", "https://localhost:7600"}})) == 0);
  CHECK(status(guard, asking_for("localhost:7600", {{"Origin", "http://localhost:7600"}})) == 403);
}

TEST_CASE("a page under a foreign name is of no origin of ours: the Host is looked at first") {
  const WebGuard guard(settings(), {"127.0.0.1", 7600, {}}, own);
  CHECK(status(guard, asking_for("evil.example:7600", {{"Origin", "http://evil.example:7600"}})) == 421);
}

TEST_CASE("a refused Origin is named, with the option that allows it") {
  const WebGuard guard(settings(), {"127.0.0.1", 7600, {}}, own);
  CHECK_THAT(guard.refusal(asking_for("localhost", {{"Origin", "http://evil.example"}}))->detail,
             Contains("'http://evil.example'") && Contains("security.api_origins"));
  CHECK_THAT(guard.refusal(asking_for("localhost", {{"Sec-Fetch-Site", "cross-site"}}))->detail,
             Contains("Sec-Fetch-Site") && Contains("security.api_origins"));
}

TEST_CASE("whatever is asked for on the API listener, a web page of others gets none of it") {
  ScriptedApp app(answering(ok_reply("app")));
  Alone alone(app.address());
  for (const std::string path :
       {"/v1/members", "/v1/livez", "/metrics", "/", "/v1/route/k/x", "/v1/local/x"}) {
    INFO(path);
    const std::string line = "GET " + path + " HTTP/1.1\r\nConnection: close\r\n";
    CHECK_THAT(exchange(alone.host.port(), line + "Host: evil.example\r\n\r\n"),
               StartsWith("HTTP/1.1 421 ") && Contains("Ringside-Error: wrong_host\r\n") &&
                   Contains("'evil.example'"));
    CHECK_THAT(exchange(alone.host.port(), line + "Host: localhost\r\nOrigin: http://evil.example\r\n\r\n"),
               StartsWith("HTTP/1.1 403 ") && Contains("Ringside-Error: wrong_origin\r\n") &&
                   !Contains("Access-Control"));
    Http2Client client(alone.host.port());
    auto head = asking(path);
    head.authority = "evil.example";
    CHECK(client.answer(client.ask(head)).fields.at("ringside-error") == "wrong_host");
    CHECK(client.get(path, {{"sec-fetch-site", "cross-site"}}).fields.at("ringside-error") == "wrong_origin");
  }
  CHECK(app.connections() == 0);
}

TEST_CASE("a gRPC call that may not ask is told so in gRPC's words") {
  ScriptedApp app(answering(ok_reply("app")));
  Alone alone(app.address());
  Http2Client client(alone.host.port());
  auto head = post("/pkg.Service/Call");
  head.fields = {
      {"content-type", "application/grpc"}, {"ringside-key", "k"}, {"origin", "http://evil.example"}};
  CHECK(client.answer(client.ask(head, "x")).fields.at("grpc-status") == "7");
}

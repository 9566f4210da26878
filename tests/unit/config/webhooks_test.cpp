// events.webhooks: what is taken, what is refused and where, and that it is written as it is read.
#include "daemon/config/webhooks.hpp"

#include <catch2/catch.hpp>

#include "daemon/base/limits.hpp"

using namespace ringside;

namespace {

std::string fault(const std::string& text) {
  const auto found = config::read_webhooks(text);
  REQUIRE(found.problems.size() == 1);
  const auto& first = found.problems.front();
  return first.message + (first.suggestion.empty() ? "" : "; " + first.suggestion);
}

}  // namespace

TEST_CASE("webhooks are read with all they have, and printed so that they are read back") {
  const auto found = config::read_webhooks(
      R"([{url: "http://127.0.0.1:5000/a?b=c"}, {url: "http://localhost", types: [ring-*, app-up], secret_file: '/a "b'},
          {url: "https://events.example.com/x", ca_file: /etc/ca.pem}, {url: /ring/events}])");
  REQUIRE(found.problems.empty());
  REQUIRE(found.webhooks.size() == 4);
  CHECK(found.webhooks[0].url == "http://127.0.0.1:5000/a?b=c");
  CHECK(found.webhooks[0].types.empty());
  CHECK(found.webhooks[1].types == std::vector<std::string>{"ring-*", "app-up"});
  CHECK(found.webhooks[1].secret_file == "/a \"b");
  CHECK(found.webhooks[2].ca_file == "/etc/ca.pem");
  CHECK(found.webhooks[3].url == "/ring/events");
  std::string text;
  for (const auto& hook : found.webhooks) text += (text.empty() ? "[" : ", ") + config::print_webhook(hook);
  const auto again = config::read_webhooks(text + "]");
  REQUIRE(again.problems.empty());
  CHECK(again.webhooks == found.webhooks);
  CHECK(config::read_webhooks("[]").webhooks.empty());
}

TEST_CASE("a URL is http on this machine, https anywhere, or a path of the app") {
  const auto url = config::parse_webhook_url("http://[::1]:5000/events?x=1");
  REQUIRE(url.has_value());
  CHECK(url->address.to_string() == "[::1]:5000");
  CHECK(url->authority == "[::1]:5000");
  CHECK(url->path == "/events?x=1");
  CHECK(config::parse_webhook_url("http://localhost")->address.port == 80);
  CHECK(config::parse_webhook_url("http://localhost")->path == "/");
  CHECK_FALSE(url->address.tls);
  const auto far = config::parse_webhook_url("https://events.example.com/a");
  REQUIRE(far.has_value());
  CHECK(far->address.to_string() == "https://events.example.com:443");
  CHECK(far->authority == "events.example.com");
  CHECK(config::parse_webhook_url("https://10.0.0.1:8443")->address.port == 8443);
  CHECK_FALSE(far->at_app());
  const auto app = config::parse_webhook_url("/ring/events?x=1");
  REQUIRE(app.has_value());
  CHECK(app->at_app());
  CHECK(app->path == "/ring/events?x=1");
  for (const char* wrong :
       {"https://", "https://unix:/run/app.sock", "/a b", "events", "", "ftp://localhost/", "localhost:5000",
        "http://", "http://10.0.0.1/", "http://example.com/", "http://localhost:99999/",
        "http://localhost/a b", "http://localhost/#a", "http://unix:/run/app.sock"}) {
    CAPTURE(wrong);
    CHECK_FALSE(config::parse_webhook_url(wrong).has_value());
  }
}

TEST_CASE("what is wrong with a webhook is named with its number and what to do") {
  CHECK(fault("a: b") ==
        R"(expected a list of webhooks; e.g. - {url: "http://127.0.0.1:5000/events", types: [ring-*]})");
  CHECK(fault("[x]").find("webhook 1: expected a map") == 0);
  CHECK(fault("[{types: [app-up]}]").find("webhook 1: has no url") == 0);
  CHECK(fault("[{url: 'http://localhost/', type: [app-up]}]") ==
        "webhook 1: unknown option 'type'; did you mean types?");
  CHECK(fault("[{url: 'http://localhost/'}, {url: 'http://example.com/'}]").find("webhook 2: url: ") == 0);
  CHECK(fault("[{url: 'http://localhost/', url: 'http://localhost/'}]").find("given twice") !=
        std::string::npos);
  CHECK(fault("[{url: 'http://localhost/', types: ring-*}]").find("types: expected a list") !=
        std::string::npos);
  CHECK(fault("[{url: 'http://localhost/', types: [rings]}]").find("'rings' is no type") !=
        std::string::npos);
  CHECK(fault("[{url: 'http://localhost/', ca_file: /a}]").find("ca_file: only https") != std::string::npos);
  CHECK(fault("[{url: [a]}]").find("url: expected a text") != std::string::npos);
  CHECK(fault("[").find("not valid YAML") == 0);
  std::string many;
  for (std::size_t i = 0; i <= limits::webhooks; ++i) many += "{url: 'http://localhost/'},";
  CHECK(fault("[" + many + "]").find("at most 8") == 0);
}

// Webhooks against a server that answers as the test says: order, signature, retries, and what is dropped.
#include "daemon/control/webhooks.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "daemon/api/events.hpp"
#include "daemon/api/webhook_queue.hpp"
#include "daemon/base/limits.hpp"
#include "daemon/security/secret.hpp"
#include "tests/support/http_server.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/view.hpp"
#include "tests/unit/control/control_support.hpp"

using namespace ringside;
using control::Webhooks;
using control::WebhookVerdict;
using control::test::run_until;

namespace {

struct Told {
  std::string head, body;
  [[nodiscard]] std::string field(const std::string& name) const {
    const auto at = head.find("\r\n" + name + ": ");
    if (at == std::string::npos) return "";
    const auto from = at + name.size() + 4;
    return head.substr(from, head.find("\r\n", from) - from);
  }
};

// Runs the webhooks of one URL; what was told is read after the server is gone.
struct World {
  explicit World(std::vector<int> answers) : statuses(std::move(answers)) {}

  config::Config config_for(const std::string& path) {
    config::Config config;
    config.events.webhooks = {{"http://" + server.address() + path, {"app-*"}, "", ""}};
    return config;
  }
  void happen(const std::string& data) {
    auto next = std::make_shared<api::View>(*view);
    next->events = view->events->with({{EventType::app_up, data}});
    view = next;
    hooks->on_view(view);
  }
  std::string answer(const std::string& request) {
    const auto end = request.find("\r\n\r\n");
    told.push_back({request.substr(0, end + 2), request.substr(end + 4)});
    const int status = told.size() <= statuses.size() ? statuses[told.size() - 1] : 204;
    if (status == 0) return "";
    return "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: 0\r\n\r\n";
  }

  std::vector<int> statuses;  // of the first answers; 0: none
  std::vector<Told> told;     // by the server's thread, until the metrics have counted it
  test::HttpServer server{[this](const std::string& request) { return answer(request); }};
  boost::asio::io_context io;
  obs::ControlMetrics metrics;
  api::ViewPtr view = std::make_shared<const api::View>(test::sample_view());
  std::unique_ptr<Webhooks> hooks;
};

}  // namespace

TEST_CASE("an answer of 4xx is for good, but for 408 and 429; no answer and 5xx are tried again") {
  for (const int status : {200, 202, 204, 299})
    CHECK(control::judge_webhook_answer(status) == WebhookVerdict::delivered);
  for (const int status : {0, 408, 429, 500, 503, 599})
    CHECK(control::judge_webhook_answer(status) == WebhookVerdict::again);
  for (const int status : {301, 400, 401, 404, 410, 418})
    CHECK(control::judge_webhook_answer(status) == WebhookVerdict::refused);
}

TEST_CASE("events are posted in order, signed, each again until it is taken") {
  World world({204, 500, 0, 204, 404});
  const test::TempDir folder;
  auto config = world.config_for("/told?by=ringside");
  config.events.webhooks[0].secret_file = folder.write_secret("secret", "swordfish\n");
  auto opened = Webhooks::open(world.io, config, world.metrics);
  REQUIRE(opened.has_value());
  world.hooks = std::move(*opened);
  world.hooks->on_view(world.view);
  world.happen(R"({"n":1})");
  world.happen(R"({"n":2})");
  world.happen(R"({"n":3})");
  REQUIRE(run_until(world.io, [&] {
    return world.metrics.webhook_delivered.value() + world.metrics.webhook_refused.value() == 4;
  }));
  CHECK(world.metrics.webhook_retried.value() == 2);
  CHECK(world.metrics.webhook_refused.value() == 1);
  REQUIRE(world.told.size() == 6);
  // The state, the first event three times, the second (refused for good), the third.
  std::string order;
  for (const Told& told : world.told) {
    const auto body = nlohmann::json::parse(told.body);
    order += body["type"] == "reset" ? "S" : std::to_string(body["data"]["n"].get<int>());
    CHECK(told.head.starts_with("POST /told?by=ringside HTTP/1.1\r\n"));
    CHECK(body["type"] == told.field("Ringside-Event"));
    CHECK(body["id"] == told.field("Ringside-Event-Id"));
    CHECK(told.field("Content-Type") == "application/json");
    const auto signature = told.field("Ringside-Signature");
    const auto time = signature.substr(2, signature.find(',') - 2);
    CHECK(signature ==
          "t=" + time + ",v1=" + security::hex(security::hmac_sha256("swordfish", time + "." + told.body)));
  }
  CHECK(order == "S11123");
}

TEST_CASE("a secret that cannot be read, an empty one and a wrong address are errors at the start") {
  boost::asio::io_context io;
  obs::ControlMetrics metrics;
  const test::TempDir folder;
  config::Config config;
  const auto error = [&](const std::string& url, const std::string& secret_file) {
    config.events.webhooks = {{url, {}, secret_file, ""}};
    const auto opened = Webhooks::open(io, config, metrics);
    return opened ? std::string() : opened.error();
  };
  CHECK(error("http://127.0.0.1:1/x", "").empty());
  CHECK(error("http://127.0.0.1:1/x", folder.path("none")).find("cannot read") != std::string::npos);
  CHECK(error("http://127.0.0.1:1/x", folder.write_secret("empty", "\n")).find("is empty") !=
        std::string::npos);
  CHECK(error("http://127.0.0.1:1/x",
              folder.write_secret("long", std::string(limits::secret_file_bytes + 1, 'x')))
            .find("more than") != std::string::npos);
  CHECK(error("http://10.0.0.1:1/x", "").find("use https") != std::string::npos);
  CHECK(error("https://10.0.0.1:1/x", "").empty());
  config.events.webhooks = {{"https://10.0.0.1:1/x", {}, "", folder.write_secret("ca", "no certificate")}};
  CHECK_FALSE(Webhooks::open(io, config, metrics).has_value());
}

TEST_CASE("a path is told at the app, wherever that is registered at the moment") {
  World world({});
  config::Config config;
  config.events.webhooks = {{"/ring/events", {}, "", ""}};
  auto opened = Webhooks::open(world.io, config, world.metrics);
  REQUIRE(opened.has_value());
  world.hooks = std::move(*opened);
  auto view = std::make_shared<api::View>(*world.view);
  view->app_settings.address = "";
  world.hooks->on_view(view);
  CHECK(world.metrics.webhook_retried.value() == 1);
  view = std::make_shared<api::View>(*view);
  view->app_settings.address = world.server.address();
  view->app_settings.protocol = config::AppProtocol::tchannel;
  world.hooks->on_view(view);
  REQUIRE(run_until(world.io, [&] { return world.metrics.webhook_retried.value() == 2; }));
  view = std::make_shared<api::View>(*view);
  view->app_settings.protocol = config::AppProtocol::http1;
  world.hooks->on_view(view);
  REQUIRE(run_until(world.io, [&] { return world.metrics.webhook_delivered.value() == 1; }));
  CHECK(world.told.front().head.starts_with("POST /ring/events HTTP/1.1\r\nHost: " + world.server.address()));
}

TEST_CASE("a control plane tells its webhooks what happens to it") {
  World world({});
  auto config = control::test::quick_config("a");
  config.events.webhooks = {{"http://" + world.server.address() + "/", {}, "", ""}};
  control::test::TestNode node(world.io, config);
  REQUIRE(node.error.empty());
  node.plane->start();
  REQUIRE(run_until(world.io, [&] { return node.metrics.webhook_delivered.value() >= 1; }));
  node.plane->stop();
  CHECK(world.told.front().field("Ringside-Event") == "reset");
}

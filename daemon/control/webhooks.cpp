#include "daemon/control/webhooks.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "daemon/api/webhook_queue.hpp"
#include "daemon/base/limits.hpp"
#include "daemon/config/webhooks.hpp"
#include "daemon/control/http_once.hpp"
#include "daemon/obs/log.hpp"
#include "daemon/security/secret.hpp"
#include "daemon/security/tls.hpp"

namespace ringside::control {
namespace {

using obs::Level;

WallTime wall_now() {
  return std::chrono::floor<Millis>(std::chrono::system_clock::now());
}

// The text of the file without the line's end that editors put there.
Result<security::SecretText, std::string> read_secret(const std::string& file) {
  auto read = security::read_secret_file(file);
  if (!read) return read.error() + " (events.webhooks, secret_file)";
  while (read->text.ends_with('\n') || read->text.ends_with('\r')) read->text.pop_back();
  if (read->text.empty())
    return file + " is empty; write a long random text into it (events.webhooks, secret_file)";
  return read;
}

// Whom https believes; the error is one sentence.
Result<security::TlsPtr, std::string> authorities(const std::string& file) {
  std::string text;
  if (!file.empty()) {
    auto read = security::read_public_file(file);
    if (!read) return read.error() + " (events.webhooks, ca_file)";
    text = std::move(read->text);
  }
  auto tls = security::Tls::of_client(text, file);
  if (!tls) return tls.error() + " (events.webhooks, ca_file)";
  return tls;
}

std::string joined(const std::vector<std::string>& types) {
  std::string all;
  for (const auto& type : types) all += (all.empty() ? "" : ",") + type;
  return all;
}

}  // namespace

WebhookVerdict judge_webhook_answer(int status) noexcept {
  if (status >= 200 && status < 300) return WebhookVerdict::delivered;
  const bool later = status < 200 || status == 408 || status == 429 || status >= 500;
  return later ? WebhookVerdict::again : WebhookVerdict::refused;
}

struct Webhooks::Hook {
  Hook(Webhooks& all, config::WebhookUrl at, EventFilter filter, std::string key, security::TlsPtr believed)
      : owner(all),
        url(std::move(at)),
        secret(std::move(key)),
        tls(std::move(believed)),
        queue(filter),
        timer(all.timers_, [this] { go_on(); }) {}

  // Nothing is under way and no pause runs: sends what is next, if anything.
  void go_on() {
    if (post || timer.pending()) return;
    spent.reset();
    const WallTime now = wall_now();
    const auto next = queue.next(*owner.view_, now);
    if (!next) return;
    if (next->missed && pause == Duration::zero()) {
      owner.metrics_.webhook_resets.add();
      obs::log(Level::warn, "webhook_reset",
               {{"url", name()}, {"meaning", "more happened than is kept; it is told the whole state"}});
    }
    const auto& app = owner.view_->app_settings;
    if (url.at_app() && app.address.empty()) return try_again("no app is registered");
    if (url.at_app() && app.protocol != config::AppProtocol::http1)
      return try_again("the app does not speak HTTP/1.1; a URL with a host can lead to something that does");
    // What is registered as an app's address has been checked.
    const Address at = url.at_app() ? *parse_address(app.address) : url.address;
    const std::string host = !url.at_app() ? url.authority : at.is_unix() ? "localhost" : at.to_string();
    post = std::make_unique<HttpOnce>(
        owner.io_, owner.timers_, at, request(host, *next, now), limits::webhook_time,
        [this](HttpOnce::Answer answer) { on_answer(std::move(answer)); },
        tls ? tls->dial_server(at.host) : nullptr);
  }

  [[nodiscard]] std::string request(const std::string& host, const api::WebhookQueue::Post& next,
                                    WallTime now) const {
    std::string head = "POST " + url.path + " HTTP/1.1\r\nHost: " + host +
                       "\r\nUser-Agent: ringside/" RINGSIDE_VERSION
                       "\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: " +
                       std::to_string(next.body.size()) + "\r\nRingside-Event: " + std::string(next.type) +
                       "\r\nRingside-Event-Id: " + next.id + "\r\n";
    if (!secret.empty())
      head += "Ringside-Signature: " +
              api::signature_field(
                  now, security::hex(security::hmac_sha256(secret, api::signed_text(now, next.body)))) +
              "\r\n";
    return head + "\r\n" + next.body;
  }

  void on_answer(HttpOnce::Answer answer) {
    spent = std::move(post);  // it is still on the stack
    const auto verdict = judge_webhook_answer(answer.status);
    const std::string cause = answer.status == 0 ? answer.error : "answered " + std::to_string(answer.status);
    switch (verdict) {
      case WebhookVerdict::delivered: owner.metrics_.webhook_delivered.add(); break;
      case WebhookVerdict::refused:
        owner.metrics_.webhook_refused.add();
        obs::log(Level::warn, "webhook_refused",
                 {{"url", name()}, {"cause", cause}, {"meaning", "this event is not sent again"}});
        break;
      case WebhookVerdict::again: return try_again(cause);
    }
    if (pause != Duration::zero()) obs::log(Level::info, "webhook_back", {{"url", name()}});
    pause = Duration::zero();
    queue.done();
    timer.after(Duration::zero());
  }

  // Said once for each time that it fails.
  void try_again(const std::string& cause) {
    owner.metrics_.webhook_retried.add();
    obs::log(pause == Duration::zero() ? Level::warn : Level::debug, "webhook_failed",
             {{"url", name()}, {"cause", cause}, {"meaning", "it is tried again; later events wait for it"}});
    pause = pause == Duration::zero() ? Duration(limits::webhook_pause)
                                      : std::min<Duration>(2 * pause, limits::webhook_pause_max);
    timer.after(pause);
  }

  [[nodiscard]] std::string name() const {  // for the log
    if (url.at_app()) return config::without_query(url.path);
    return config::without_query((tls ? "https://" : "http://") + url.authority + url.path);
  }

  Webhooks& owner;
  config::WebhookUrl url;
  std::string secret;
  security::TlsPtr tls;  // null: http
  api::WebhookQueue queue;
  Duration pause{};  // before the next try; 0: the last one went well
  net::Timer timer;
  std::unique_ptr<HttpOnce> post, spent;
};

Webhooks::Webhooks(boost::asio::io_context& io, obs::ControlMetrics& metrics)
    : timers_(io), io_(io), metrics_(metrics) {}

Webhooks::~Webhooks() = default;

Result<std::unique_ptr<Webhooks>, std::string> Webhooks::open(boost::asio::io_context& io,
                                                              const config::Config& config,
                                                              obs::ControlMetrics& metrics) {
  std::unique_ptr<Webhooks> webhooks(new Webhooks(io, metrics));
  for (const auto& wanted : config.events.webhooks) {
    auto url = config::parse_webhook_url(wanted.url);
    if (!url) return "events.webhooks: " + url.error();
    EventFilter filter;
    if (!wanted.types.empty()) {
      const auto parsed = EventFilter::parse(joined(wanted.types));
      if (!parsed) return "events.webhooks: " + parsed.error();
      filter = *parsed;
    }
    std::string secret;
    if (!wanted.secret_file.empty()) {
      auto read = read_secret(wanted.secret_file);
      if (!read) return std::move(read).error();
      secret = std::move(read->text);
    }
    security::TlsPtr tls;
    if (url->address.tls) {
      auto believed = authorities(wanted.ca_file);
      if (!believed) return std::move(believed).error();
      tls = std::move(*believed);
    }
    webhooks->hooks_.push_back(
        std::make_unique<Hook>(*webhooks, std::move(*url), filter, std::move(secret), std::move(tls)));
  }
  return webhooks;
}

void Webhooks::on_view(api::ViewPtr view) {
  view_ = std::move(view);
  for (const auto& hook : hooks_) hook->go_on();
}

}  // namespace ringside::control

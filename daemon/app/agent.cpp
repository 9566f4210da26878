#include "daemon/app/agent.hpp"

#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "daemon/app/data_folder.hpp"
#include "daemon/app/secrets.hpp"
#include "daemon/app/service_manager.hpp"
#include "daemon/app/settings.hpp"
#include "daemon/config/load.hpp"
#include "daemon/config/show.hpp"
#include "daemon/control/control_plane.hpp"
#include "daemon/net/io_thread.hpp"
#include "daemon/net/listener.hpp"
#include "daemon/obs/access_log.hpp"
#include "daemon/obs/catalog.hpp"
#include "daemon/obs/log.hpp"
#include "daemon/worker/worker.hpp"

namespace ringside::app {
namespace {

std::size_t worker_count(const config::Config& config) {
  if (config.workers > 0) return static_cast<std::size_t>(config.workers);
  return std::max(1U, std::thread::hardware_concurrency());
}

// For `systemctl status`.
std::string status_line(const api::View& view) {
  if (!view.phase_reason.empty()) return view.phase_reason;
  switch (view.phase) {
    case api::Phase::joining: return "joining";
    case api::Phase::ready: return "ready";
    case api::Phase::draining: return "leaving";
  }
  return "";
}

std::uint64_t random_seed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

// A daemon that holds many connections wants all the descriptors it is allowed to have.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

// The error is one sentence.
Result<void, std::string> open_all(const std::vector<std::string>& addresses, std::string_view option,
                                   std::vector<net::ListeningSocket>& into) {
  for (const auto& text : addresses) {
    auto listener = net::ListeningSocket::open(*parse_http_address(text), option);
    if (!listener) return std::move(listener).error();
    into.push_back(std::move(*listener));
  }
  return {};
}

std::string addresses(const std::vector<net::ListeningSocket>& listeners) {
  std::string all;
  for (const auto& listener : listeners) all += (all.empty() ? "" : ",") + listener.address().to_string();
  return all;
}

class Agent {
 public:
  Agent(config::Config config, Settings settings)
      : config_(std::move(config)),
        settings_(std::move(settings)),
        signals_(io_, SIGTERM, SIGINT, SIGHUP),
        service_manager_(io_) {
    name_node(config_);
    for (std::size_t i = 0; i < worker_count(config_); ++i)
      metrics_.workers.push_back(std::make_unique<obs::WorkerMetrics>());
    control_ = std::make_unique<control::ControlPlane>(io_, config_, metrics_, hooks());
  }

  // The error is one sentence.
  Result<void, std::string> open() {
    if (const auto& folder = config_.node.data_dir; !folder.empty())
      if (auto opened = data_folder_.open(folder); !opened) return opened;
    auto secrets = read_secrets(config_);
    if (!secrets) return std::move(secrets).error();
    secrets_ = std::move(*secrets);
    use_secrets();
    if (config_.security.insecure) {
      metrics_.control.insecure.set(1);
      obs::log(obs::Level::warn, "insecure",
               {{"option", "security.insecure"},
                {"risk", "whoever reaches a listener that is not on the loopback may use it"},
                {"remedy", "security.cluster_key_file and security.api_token_file"}});
    }
    std::vector<std::string> names;
    if (auto opened = open_all(config_.listen.api, "listen.api, --listen-api", api_listeners_); !opened)
      return opened;
    for (const auto& listener : api_listeners_) names.push_back(listener.address().to_string());
    if (auto opened =
            open_all(config_.listen.ingress, "listen.ingress, --listen-ingress", ingress_listeners_);
        !opened)
      return opened;
    if (auto opened =
            open_all(config_.listen.tchannel, "listen.tchannel, --listen-tchannel", tchannel_listeners_);
        !opened)
      return opened;
    if (auto opened =
            open_all(config_.listen.telemetry, "listen.telemetry, --listen-telemetry", telemetry_listeners_);
        !opened)
      return opened;
    auto peer = control_->listen();
    if (!peer) return std::move(peer).error();
    control_->set_api_listeners(std::move(names));
    settings_.serve({.use_secrets =
                         [this](Secrets read) {
                           secrets_ = std::move(read);
                           use_secrets();
                         },
                     .show = [this](const config::Config& in_force) { control_->set_settings(in_force); },
                     .ringpop_member = [this] { return control_->ringpop_member(); }});
    const auto& hosts = config_.security.api_hosts;
    if (std::ranges::find(hosts, "*") != hosts.end())
      obs::log(obs::Level::warn, "any_host_answered",
               {{"option", "security.api_hosts"},
                {"risk", "every web page can ask the API through a name of its own"},
                {"remedy", "name the hosts instead of *"}});
    obs::log(obs::Level::info, "agent_listening",
             {{"node", config_.node.name},
              {"api", addresses(api_listeners_)},
              {"ingress", addresses(ingress_listeners_)},
              {"tchannel", addresses(tchannel_listeners_)},
              {"telemetry", addresses(telemetry_listeners_)},
              {"peer", peer->to_string()},
              {"app", config_.app.address},
              {"workers", std::uint64_t{metrics_.workers.size()}},
              {"pid", ::getpid()}});
    return {};
  }

  // False: it could not go on.
  bool run() {
    wait_for_signal();
    control_->start();  // publishes the first view, which makes the workers
    service_manager_.ready();
    net::run_until_stopped(io_, "ringside");
    for (auto& worker : workers_) worker->stop();
    return !gave_up_;
  }

 private:
  control::Hooks hooks() {
    return {
        .publish = [this](api::ViewPtr view) { publish(std::move(view)); },
        .adopt_http2 = [this](int fd, std::string first_bytes,
                              const std::string&) { next_worker().adopt_http2(fd, std::move(first_bytes)); },
        .serve_proxied =
            [this](net::ProxiedRequest request) { next_worker().serve_proxied(std::move(request)); },
        .adopt_calls =
            [this](int fd, std::string first_bytes) {
              next_worker().adopt_tchannel(fd, std::move(first_bytes));
            },
        .adopt_tls =
            [this](int fd, std::string first_bytes, std::string remote) {
              next_worker().adopt_tls(fd, std::move(first_bytes), std::move(remote));
            },
        .relay =
            [this](net::TunnelNews news) {
              workers_[news.connection % workers_.size()]->relay(std::move(news));
            },
        .cut =
            [this](bool all) {
              for (auto& worker : workers_) worker->cut(all);
            },
        .depart = [this](std::function<void()> done) { depart(std::move(done)); },
        .settings = [this](const api::Order& order) { return change_settings(order); },
        .keyring = [this](const api::KeyringVerb& verb) { return change_keys(verb); },
        .read_app = [this](const api::AppEntry& entry) { return settings_.read_app(entry); },
        .exit = [this] { stop(); },
        .give_up =
            [this](const std::string& why) {
              obs::log(obs::Level::error, "gave_up",
                       {{"cause", why},
                        {"remedy",
                         "start the others, correct join.seeds, or set join.timeout: 0 to go on trying"}});
              gave_up_ = true;
              stop();
            }};
  }

  worker::Worker& next_worker() {
    next_worker_ = (next_worker_ + 1) % workers_.size();
    return *workers_[next_worker_];
  }

  void publish(api::ViewPtr view) {
    service_manager_.status(status_line(*view));
    if (workers_.empty()) return start_workers(std::move(view));
    for (auto& worker : workers_) worker->set_view(view);
  }

  void start_workers(api::ViewPtr view) {
    const int places = config_.app.max_concurrency;
    const auto app_places =
        places > 0 ? std::make_shared<worker::AppPlaces>(places, metrics_.workers.size()) : nullptr;
    for (std::size_t i = 0; i < metrics_.workers.size(); ++i)
      workers_.push_back(std::make_unique<worker::Worker>(
          static_cast<int>(i), config_, metrics_, random_seed(), view,
          worker::Worker::ToControl{
              .proxy = [this](net::ProxyCall call) { call_proxy(std::move(call)); },
              .call = [this](net::IncomingCall call) { control_->receive(std::move(call)); },
              .app_refused = [this] { control_->app_refused(); },
              .peer_lost = [this](const std::string& address) { control_->peer_lost(address); },
              .gather_stats = [this](auto answer) { gather_stats(std::move(answer)); },
              .gossip =
                  [this](net::Stream::Released connection, std::string remote) {
                    control_->adopt_gossip(std::move(connection), std::move(remote));
                  },
              .order =
                  [this](api::Order order, std::function<void(api::Response)> answer) {
                    control_->order(std::move(order), std::move(answer));
                  }},
          app_places));
    use_secrets();
    for (auto& worker : workers_)
      worker->start({api_listeners_, ingress_listeners_, tchannel_listeners_, telemetry_listeners_});
  }

  // From worker to worker goes the sum, each adds its own: nobody waits and nothing is locked. From a
  // worker's thread.
  void gather_stats(std::function<void(std::shared_ptr<const api::Stats>)> answer) {
    add_stats_of(0, std::make_shared<api::Stats>(), std::move(answer));
  }

  void add_stats_of(std::size_t index, std::shared_ptr<api::Stats> sum,
                    std::function<void(std::shared_ptr<const api::Stats>)> answer) {
    if (index == workers_.size()) return answer(std::move(sum));
    workers_[index]->add_stats(sum, [this, index, sum, answer = std::move(answer)]() mutable {
      add_stats_of(index + 1, std::move(sum), std::move(answer));
    });
  }

  void use_secrets() {
    forget_outdated(secrets_);
    control_->set_security(secrets_.peers, secrets_.app_token);
    metrics_.control.cluster_keys.set(
        secrets_.keyring ? static_cast<std::int64_t>(secrets_.keyring->keys().size()) : 0);
    metrics_.control.certificates_end.set(secrets_.certificates_end);
    for (auto& worker : workers_)
      worker->set_security({secrets_.peers, secrets_.clients, secrets_.tokens, secrets_.app_token});
  }

  // From a worker's thread.
  void call_proxy(net::ProxyCall call) {
    boost::asio::post(io_,
                      [this, call = std::move(call)]() mutable { control_->call_proxy(std::move(call)); });
  }

  void wait_for_signal() {
    signals_.async_wait([this](boost::system::error_code error, int number) {
      if (error) return;
      if (number == SIGHUP) {
        reopen_logs();
        settings_.reload("SIGHUP");
      } else {
        leave(number);
      }
      wait_for_signal();
    });
  }

  api::Response change_settings(const api::Order& order) {
    if (order.kind == api::Order::Kind::log_level) return settings_.set_log_level(order.level);
    reopen_logs();
    return settings_.reload("POST /v1/reload");
  }

  Result<std::vector<std::string>, std::string> change_keys(const api::KeyringVerb& verb) {
    auto changed = change_keyring(settings_.in_force(), secrets_, verb);
    if (!changed) return std::move(changed).error();
    auto ids = changed->keyring->ids();
    if (ids == secrets_.keyring->ids()) return ids;
    secrets_ = std::move(*changed);
    use_secrets();
    std::string all;
    for (const auto& id : ids) all += (all.empty() ? "" : ",") + id;
    obs::log(obs::Level::info, "keyring_changed", {{"dials_with", ids.front()}, {"accepts", all}});
    return ids;
  }

  // Their files may have been moved away.
  static void reopen_logs() {
    obs::reopen_access_log();
    obs::log(obs::Level::info, "logs_reopened");
  }

  // SIGTERM again changes nothing: leaving is bounded by drain.timeout already. Who presses Ctrl-C twice does
  // not want to wait.
  void leave(int signal_number) {
    const bool again = signal_number == SIGINT && std::exchange(interrupted_, true);
    const char* const event = std::exchange(told_to_leave_, true) ? "still_leaving" : "told_to_leave";
    obs::log(obs::Level::info, again ? "cut_short" : event, {{"signal", signal_number}});
    service_manager_.stopping();
    control_->leave(config_.drain.timeout);
    if (again) control_->hurry();
  }

  void depart(std::function<void()> done) {
    busy_workers_ = workers_.size();
    for (auto* listeners :
         {&api_listeners_, &ingress_listeners_, &tchannel_listeners_, &telemetry_listeners_})
      listeners->clear();
    for (auto& worker : workers_)
      worker->drain([this, done] {
        boost::asio::post(io_, [this, done] {
          if (--busy_workers_ == 0) done();
        });
      });
  }

  void stop() {
    control_->stop();
    service_manager_.stop();
    signals_.cancel();
    io_.stop();
    obs::log(obs::Level::info, "stopped", {{"node", config_.node.name}});
  }

  config::Config config_;  // of the start; Settings has what is in force
  Settings settings_;
  boost::asio::io_context io_{1};
  boost::asio::signal_set signals_;
  ServiceManager service_manager_;
  obs::Metrics metrics_;
  DataFolder data_folder_;
  Secrets secrets_;
  std::vector<net::ListeningSocket> api_listeners_, ingress_listeners_, tchannel_listeners_,
      telemetry_listeners_;
  std::unique_ptr<control::ControlPlane> control_;
  std::vector<std::unique_ptr<worker::Worker>> workers_;
  std::size_t next_worker_ = 0, busy_workers_ = 0;
  bool told_to_leave_ = false, interrupted_ = false, gave_up_ = false;
};

}  // namespace

int run_agent(std::span<const char* const> args) {
  const std::vector<std::string> arguments(args.begin(), args.end());
  auto loaded = config::load(arguments, config::environment(::environ), config::read_file);
  if (!loaded) {
    std::fputs(config::render_problems(loaded.error()).c_str(), stderr);
    return 2;
  }
  ::signal(SIGPIPE, SIG_IGN);  // a peer that is gone is an error code, not a death
  ::mallopt(M_ARENA_MAX, 2);   // few threads, much alike: more arenas only cost memory
  raise_descriptor_limit();
  const auto& log = loaded->config.observability.log;
  obs::start_log(log_level(log.level), log.format == config::LogFormat::json);
  int exit_code = 0;
  const std::string access_log = loaded->config.observability.access_log.file;
  const auto started = access_log.empty() ? Result<void, std::string>() : obs::start_access_log(access_log);
  if (!started) {
    obs::log(obs::Level::error, "cannot_start", {{"cause", started.error()}});
    exit_code = 1;
  } else {
    Agent agent(loaded->config, {{arguments, config::environment(::environ), config::read_file}, *loaded});
    if (auto opened = agent.open(); !opened) {
      obs::log(obs::Level::error, "cannot_start", {{"cause", opened.error()}});
      exit_code = 1;
    } else if (!agent.run()) {
      exit_code = 1;
    }
  }
  obs::stop_access_log();
  obs::stop_log();
  return exit_code;
}

}  // namespace ringside::app

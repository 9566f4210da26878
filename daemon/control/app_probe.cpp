// See app_probe.hpp.
#include "daemon/control/app_probe.hpp"

#include <utility>

namespace ringside::control {
namespace {

std::string request_for(const std::string& path, const security::AppTokenPtr& token) {
  if (path.empty()) return "";
  return "GET " + path +
         " HTTP/1.1\r\nHost: localhost\r\nUser-Agent: ringside/" RINGSIDE_VERSION
         "\r\nAccept: */*\r\nConnection: close\r\n" +
         (token ? "Ringside-App-Token: " + *token + "\r\n" : "") + "\r\n";
}

Probed judge(HttpOnce::Answer answer, const std::string& path) {
  if (!answer.error.empty()) return {false, answer.nobody_listens, std::move(answer.error)};
  if (path.empty() || (answer.status >= 200 && answer.status < 400)) return {true, false, ""};
  return {false, false, "GET " + path + " was answered " + std::to_string(answer.status)};
}

}  // namespace

AppProbe::AppProbe(boost::asio::io_context& io, net::Timers& timers, const Address& app, std::string path,
                   const security::AppTokenPtr& token, Duration timeout, OnDone on_done)
    : path_(std::move(path)),
      on_done_(std::move(on_done)),
      once_(io, timers, app, request_for(path_, token), timeout,
            [this](HttpOnce::Answer answer) { on_done_(judge(std::move(answer), path_)); }) {}

}  // namespace ringside::control

// Dials one address, TCP or unix, with a time limit. Calls back once, never from inside start(); destroying
// the Connector gives up silently.
#pragma once

#include <functional>
#include <memory>

#include "daemon/base/address.hpp"
#include "daemon/base/result.hpp"
#include "daemon/net/listener.hpp"
#include "daemon/net/timers.hpp"

namespace ringside::net {

// Of a connect that failed: the machine says that nobody is there, rather than nothing.
[[nodiscard]] bool nobody_listens(boost::system::error_code) noexcept;

class Connector {
 public:
  using OnDone = std::function<void(Result<Socket>)>;
  Connector(boost::asio::io_context&, Timers&, const Address&, Duration timeout, OnDone);
  ~Connector();
  Connector(const Connector&) = delete;
  Connector& operator=(const Connector&) = delete;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace ringside::net

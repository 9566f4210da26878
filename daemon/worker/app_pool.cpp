#include "daemon/worker/app_pool.hpp"

#include <algorithm>

#include "daemon/base/limits.hpp"
#include "daemon/worker/app_connection.hpp"

namespace ringside::worker {

AppPool::AppPool(Context& context, Address app) : context_(context), app_(std::move(app)) {}

AppPool::~AppPool() = default;

Outbound* AppPool::start(Call& call, bool end, bool fresh) {
  if (!fresh && !idle_.empty()) {
    AppConnection* connection = idle_.back();
    idle_.pop_back();
    connection->start(call, end);
    return connection;
  }
  auto made = std::make_unique<AppConnection>(context_, *this);
  AppConnection* connection = made.get();
  connections_.emplace(connection, std::move(made));
  context_.metrics.app_connections.set(static_cast<std::int64_t>(connections_.size()));
  connection->connect(app_, context_.config.app.connect_timeout);
  connection->start(call, end);
  return connection;
}

void AppPool::put_back(AppConnection& connection) {
  const bool full = idle_.size() >= limits::app_connections_idle;
  if (full || context_.draining || moved_from_.contains(&connection)) return discard(connection);
  idle_.push_back(&connection);
}

void AppPool::discard(AppConnection& connection) {
  const auto found = connections_.find(&connection);
  if (found == connections_.end()) return;
  std::erase(idle_, &connection);
  moved_from_.erase(&connection);
  context_.turn.bury(std::move(found->second), &connection);
  connections_.erase(found);
  context_.metrics.app_connections.set(static_cast<std::int64_t>(connections_.size()));
}

void AppPool::move(Address app) {
  close_idle();
  for (const auto& entry : connections_) moved_from_.insert(entry.first);
  app_ = std::move(app);
}

void AppPool::close_idle() {
  for (auto* connection : std::vector<AppConnection*>(idle_)) discard(*connection);
}

}  // namespace ringside::worker

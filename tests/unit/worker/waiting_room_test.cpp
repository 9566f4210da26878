// Requests to an app that restarts: they wait, in order and within bounds, and go on when it is back or given
// up.
#include "daemon/worker/waiting_room.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/worker/host.hpp"

using namespace ringside;
using namespace ringside::test;
using namespace std::chrono_literals;
using api::AppState;

namespace {

// A port on which nobody listens until open() is called.
class LateApp {
 public:
  LateApp() {
    fd_ = ::socket(AF_INET, SOCK_STREAM, 0);
    const int yes = 1;
    ::setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    if (::bind(fd_, reinterpret_cast<const sockaddr*>(&at), size) != 0 ||
        ::getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &size) != 0)
      throw std::runtime_error("cannot bind");
    address_ = "127.0.0.1:" + std::to_string(ntohs(at.sin_port));
  }
  ~LateApp() {
    ::shutdown(fd_, SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
    ::close(fd_);
  }
  // Serves one request on each connection, one connection after the other; keeps the paths.
  void open() {
    if (::listen(fd_, 64) != 0) throw std::runtime_error("cannot listen");
    thread_ = std::thread([this] {
      for (;;) {
        const int fd = ::accept(fd_, nullptr, nullptr);
        if (fd < 0) return;
        Peer peer(fd);
        const std::string head = peer.read_until("\r\n\r\n");
        const auto at = head.find("Content-Length: ");
        if (at != std::string::npos) (void)peer.read_bytes(std::stoul(head.substr(at + 16)));
        {
          const std::lock_guard lock(mutex_);
          paths_.push_back(head.substr(0, head.find(" HTTP")));
        }
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
      }
    });
  }
  [[nodiscard]] const std::string& address() const { return address_; }
  [[nodiscard]] std::vector<std::string> paths() {
    const std::lock_guard lock(mutex_);
    return paths_;
  }

 private:
  int fd_ = -1;
  std::string address_;
  std::thread thread_;
  std::mutex mutex_;
  std::vector<std::string> paths_;
};

api::ViewPtr with_app(const api::ViewPtr& view, AppState state, std::uint64_t answers) {
  auto changed = std::make_shared<api::View>(*view);
  changed->app.state = state;
  changed->app.answers = answers;
  changed->app.reason = state == AppState::up ? "" : "Connection refused";
  return changed;
}

void wait_for(const std::function<bool()>& is_so) {
  const auto end = Clock::now() + 10s;
  while (!is_so() && Clock::now() < end) std::this_thread::yield();
  CHECK(is_so());
}

struct Alone {
  explicit Alone(const std::string& app) : host("a", app) {
    host.app_refused = [this] { ++reports; };
    host.open();
    host.start({host.server()});
    show(AppState::up, 1);
  }
  void show(AppState state, std::uint64_t answers, bool in_ring = true) {
    std::vector<ring::Server> ring;
    if (in_ring) ring.push_back(host.server());
    host.set_view(with_app(host.view(std::move(ring)), state, answers));
  }
  [[nodiscard]] std::int64_t waiting() const { return host.counters().app_waiting.value(); }
  // Sends it and waits until the room has one more.
  Peer send_and_wait(const std::string& request) {
    const auto before = waiting();
    Peer client = Peer::connect(host.port());
    client.send(request);
    wait_for([&] { return waiting() == before + 1; });
    return client;
  }
  std::atomic<int> reports = 0;
  Host host;
};

}  // namespace

TEST_CASE(
    "while nobody listens at the app requests wait, control is told once, and all are served in order") {
  LateApp app;
  Alone alone(app.address());
  std::vector<Peer> clients;
  for (int i = 0; i < 10; ++i)
    clients.push_back(alone.send_and_wait(i % 2 == 0 ? get("/v1/route/k/" + std::to_string(i))
                                                     : post("/v1/route/k/" + std::to_string(i), "body")));
  CHECK(alone.reports == 1);
  alone.show(AppState::restarting, 2);
  clients.push_back(alone.send_and_wait(get("/v1/local/10")));
  app.open();
  alone.show(AppState::up, 3);
  for (Peer& client : clients) CHECK_THAT(client.read_all(), Catch::StartsWith("HTTP/1.1 200 "));
  CHECK(app.paths() == std::vector<std::string>{"GET /0", "POST /1", "GET /2", "POST /3", "GET /4", "POST /5",
                                                "GET /6", "POST /7", "GET /8", "POST /9", "GET /10"});
  CHECK(alone.waiting() == 0);
  CHECK(alone.host.counters().in_flight.value() == 0);
  CHECK_THAT(exchange(alone.host.port(), get("/v1/route/k/after")), Catch::StartsWith("HTTP/1.1 200 "));
}

TEST_CASE("a view that has nothing to do with the app lets nobody out") {
  LateApp app;
  Alone alone(app.address());
  Peer client = alone.send_and_wait(get("/v1/route/k/x"));
  alone.show(AppState::up, 1);
  Peer second = alone.send_and_wait(get("/v1/route/k/y"));
  CHECK(alone.waiting() == 2);
  app.open();
  alone.show(AppState::up, 2);  // it was only a blink
  CHECK_THAT(client.read_all(), Catch::StartsWith("HTTP/1.1 200 "));
  CHECK_THAT(second.read_all(), Catch::StartsWith("HTTP/1.1 200 "));
}

TEST_CASE("let out too early, a request goes back to its place and control is asked again") {
  LateApp app;
  Alone alone(app.address());
  Peer first = alone.send_and_wait(get("/v1/route/k/1"));
  Peer second = alone.send_and_wait(get("/v1/route/k/2"));
  alone.show(AppState::up, 2);
  wait_for([&] { return alone.reports == 2; });
  wait_for([&] { return alone.waiting() == 2; });
  app.open();
  alone.show(AppState::up, 3);
  CHECK_THAT(first.read_all(), Catch::StartsWith("HTTP/1.1 200 "));
  CHECK_THAT(second.read_all(), Catch::StartsWith("HTTP/1.1 200 "));
  CHECK(app.paths() == std::vector<std::string>{"GET /1", "GET /2"});
}

TEST_CASE("a wait ends before the request's time, with 503 and executed: no, and a caller may give up") {
  LateApp app;
  Alone alone(app.address());
  Peer client = alone.send_and_wait(get("/v1/route/k/x", "Ringside-Timeout: 200ms\r\n"));
  const std::string answer = client.read_all();
  CHECK_THAT(answer, Catch::StartsWith("HTTP/1.1 503 ") && Catch::Contains("Ringside-Error: app_down") &&
                         Catch::Contains("\"executed\":\"no\"") && Catch::Contains("Retry-After: 1"));
  CHECK(alone.waiting() == 0);
  {
    Peer gone = alone.send_and_wait(post("/v1/route/k/x", "body"));
  }
  wait_for([&] { return alone.waiting() == 0; });
  CHECK(app.paths().empty());
}

TEST_CASE("given up, the app's requests go to the next owner; alone they are answered that the app is down") {
  LateApp app;
  ScriptedApp other(answering(ok_reply("from b")));
  Alone alone(app.address());
  Host b("b", other.address());
  b.open();
  b.start({b.server()});
  Peer client = alone.send_and_wait(post("/v1/route/k/x", "body"));
  Peer local = alone.send_and_wait(get("/v1/local/x"));
  alone.host.set_view(with_app(alone.host.view({b.server()}), AppState::down, 2));
  CHECK_THAT(client.read_all(), Catch::StartsWith("HTTP/1.1 200 ") && Catch::EndsWith("from b"));
  CHECK_THAT(local.read_all(),
             Catch::StartsWith("HTTP/1.1 503 ") && Catch::Contains("Ringside-Error: app_down"));

  alone.show(AppState::up, 3);
  Peer last = alone.send_and_wait(get("/v1/route/k/x"));
  alone.show(AppState::down, 4, false);
  CHECK_THAT(last.read_all(), Catch::StartsWith("HTTP/1.1 503 ") &&
                                  Catch::Contains("Ringside-Error: app_down") &&
                                  Catch::Contains("no other member has a place"));
  CHECK_THAT(exchange(alone.host.port(), get("/v1/local/x")), Catch::StartsWith("HTTP/1.1 503 "));
}

TEST_CASE("when the ring gives the key to another member, its requests do not wait for this app any longer") {
  LateApp app;
  ScriptedApp other(answering(ok_reply("from b")));
  Alone alone(app.address());
  Host b("b", other.address());
  b.open();
  b.start({b.server()});
  Peer client = alone.send_and_wait(get("/v1/route/k/x"));
  alone.host.set_view(with_app(alone.host.view({b.server()}), AppState::restarting, 2));
  CHECK_THAT(client.read_all(), Catch::EndsWith("from b"));
}

TEST_CASE(
    "the waiting room is bounded by number and by bytes, and what waits is let out in order, more and more") {
  struct Guest final : worker::AppWaiter {
    void app_is_back() override { out->push_back(this); }
    void app_is_gone() override { gone = true; }
    void ring_moved_on() override { moved = true; }
    std::vector<Guest*>* out = nullptr;
    bool gone = false, moved = false;
  };
  boost::asio::io_context io{1};
  config::Config config;
  obs::Metrics metrics;
  obs::WorkerMetrics own;
  worker::Context context(io, config, metrics, own, 1);
  api::View view;
  const auto show = [&](AppState state, std::uint64_t answers) {
    view.app.state = state;
    view.app.answers = answers;
    context.view = std::make_shared<api::View>(view);
  };
  show(AppState::up, 1);
  worker::WaitingRoom room(context);
  std::vector<Guest*> out;
  std::vector<Guest> guests(limits::app_waiting + 1);
  for (Guest& guest : guests) guest.out = &out;
  CHECK(!room.keeps(guests[0]));
  CHECK(!room.may_wait(guests[0], false));
  CHECK(room.may_wait(guests[0], true));
  CHECK(room.keeps(guests[0]));

  CHECK(room.enter(guests[0], limits::app_waiting_bytes - 10));
  CHECK(!room.enter(guests[1], 11));
  CHECK(own.app_wait_refused.value() == 1);
  CHECK(room.enter(guests[1], 10));
  room.leave(guests[0]);
  room.leave(guests[1]);
  CHECK(own.app_waiting.value() == 0);
  for (std::size_t i = 0; i < limits::app_waiting; ++i) REQUIRE(room.enter(guests[i], 1));
  CHECK(!room.enter(guests.back(), 1));
  CHECK(own.app_wait_refused.value() == 2);
  CHECK(own.app_waiting.value() == static_cast<std::int64_t>(limits::app_waiting));

  show(AppState::up, 2);
  room.on_view(true);
  CHECK(guests.front().moved);
  const std::size_t first = out.size();
  CHECK((first > 0 && first < 100));
  CHECK(room.keeps(guests.back()));  // who comes now waits behind them
  CHECK(!room.keeps(guests.front()));
  for (std::size_t served = 0; served < out.size(); ++served) {
    const std::size_t before = out.size();
    room.leave(*out[served]);
    io.restart();
    while (out.size() == before && own.app_waiting.value() > 0) io.run_one();
    if (own.app_waiting.value() > 0) CHECK(out.size() == before + 2);
  }
  REQUIRE(out.size() == limits::app_waiting);
  for (std::size_t i = 0; i < out.size(); ++i) REQUIRE(out[i] == &guests[i]);
  CHECK(!room.keeps(guests.back()));
}

TEST_CASE("without app.grace nobody waits") {
  LateApp app;
  Host host("a", app.address());
  host.config.app.grace = 0ms;
  host.open();
  host.start({host.server()});
  host.set_view(with_app(host.view({host.server()}), AppState::up, 1));
  CHECK_THAT(exchange(host.port(), get("/v1/route/k/x")),
             Catch::StartsWith("HTTP/1.1 503 ") && Catch::Contains("Ringside-Error: app_down"));
}

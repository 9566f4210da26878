// A forwarded request allocates nothing once everything is warm: at the entry, at the owner, for a caller
// that keeps its connection. Now and then the loop wants memory for one handler more (a timer that ends in
// the turn of a request), so the bound is one in a hundred requests. Counted is every malloc of the workers'
// threads, also inside libraries. Sanitizers bring their own malloc: this program is built without them.
#include <pthread.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cstring>
#include <string>

#include "tests/unit/worker/host.hpp"

extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
}

namespace {

std::atomic<bool> counting = false;
std::atomic<std::size_t> allocations = 0;

bool is_worker() noexcept {
  enum class Kind : char { unknown, worker, other };
  thread_local Kind kind = Kind::unknown;
  if (kind == Kind::unknown) {
    char name[16] = {};
    ::pthread_getname_np(::pthread_self(), name, sizeof name);
    kind = std::strncmp(name, "worker/", 7) == 0 ? Kind::worker : Kind::other;
  }
  return kind == Kind::worker;
}

void count() noexcept {
  if (counting.load(std::memory_order_relaxed) && is_worker()) ++allocations;
}

}  // namespace

extern "C" {
void* malloc(std::size_t size) {
  count();
  return __libc_malloc(size);
}
void* calloc(std::size_t number, std::size_t size) {
  count();
  return __libc_calloc(number, size);
}
void* realloc(void* memory, std::size_t size) {
  count();
  return __libc_realloc(memory, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  count();
  return __libc_memalign(alignment, size);
}
}

namespace ringside::test {
namespace {

std::string key_of(const std::vector<ring::Server>& servers, std::string_view owner) {
  const auto ring = ring::build(servers, 100, 1);
  for (int i = 0;; ++i) {
    std::string key = "a key that fits into no small string " + std::to_string(i);
    if (ring->server(*ring->owner(key)).name == owner) return key;
  }
}

std::string request(const std::string& key) {
  return "GET /counters/of/this/user?and=a&longish=query HTTP/1.1\r\nHost: shop.example.com\r\n"
         "User-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\nAccept: application/json, text/plain;q=0.5\r\n"
         "Accept-Language: en\r\nCookie: session=0123456789abcdef0123456789abcdef\r\nRingside-Key: " +
         key + "\r\n\r\n";
}

// What the workers allocate for that many requests, after as many others.
std::size_t allocated_for(int requests, std::uint16_t port, const std::string& bytes) {
  Peer client = Peer::connect(port);
  const auto ask = [&] {
    client.send(bytes);
    const auto head = client.read_until("\r\n\r\n");
    REQUIRE(head.starts_with("HTTP/1.1 200"));
    REQUIRE(client.read_bytes(5) == "hello");
  };
  for (int i = 0; i < requests; ++i) ask();
  allocations = 0;
  counting = true;
  for (int i = 0; i < requests; ++i) ask();
  counting = false;
  return allocations;
}

}  // namespace

TEST_CASE("a forwarded request allocates nothing once warm") {
  const ScriptedApp app(answering(ok_reply("hello")));
  Host a("the-first-host-of-the-cluster", app.address()), b("the-second-host-of-the-cluster", app.address());
  a.config.security.api_hosts = {"shop.example.com"};
  a.open();
  b.open();
  const std::vector<ring::Server> both = {a.server(), b.server()};
  a.start(both);
  b.start(both);
  constexpr int requests = 500;
  SECTION("two hops") {
    CHECK(allocated_for(requests, a.port(), request(key_of(both, b.server().name))) < requests / 100);
  }
  SECTION("the owner at the entry") {
    CHECK(allocated_for(requests, a.port(), request(key_of(both, a.server().name))) < requests / 100);
  }
}

TEST_CASE("the counter sees what a worker allocates") {
  const ScriptedApp app(answering(ok_reply("hello")));
  Host a("a", app.address());
  a.open();
  a.start({a.server()});
  counting = true;
  (void)exchange(a.port(), get("/v1/members"));
  counting = false;
  CHECK(allocations > 0);
}

}  // namespace ringside::test

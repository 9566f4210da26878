// What an app is told of the way a request came, by who sent it and what the operator wants.
#include "daemon/worker/forwarded.hpp"

#include <catch2/catch.hpp>

#include "daemon/worker/fields.hpp"

using namespace ringside;
using config::ForwardedFields;

namespace {

// "Name: value" lines of what is left of the way, in their order.
std::string told(ForwardedFields what, std::string address, std::vector<http::Field> fields,
                 std::string_view authority = "shop", bool secured = false) {
  http::RequestHead head;
  head.method = "GET";
  head.target = "/";
  head.authority = authority;
  head.fields = std::move(fields);
  worker::Passport passport;
  worker::take_passport(head, false, passport, what != ForwardedFields::replace);
  worker::ForwardedStore store;
  const worker::Client client{
      .listener = worker::Listener::ingress, .forwarded = what, .address = address, .secured = secured};
  worker::append_forwarded(head, client, store);
  if (what == ForwardedFields::replace) worker::put_forwarded(head, address, secured);
  std::string lines;
  for (const auto& field : head.fields)
    lines += (lines.empty() ? "" : "; ") + std::string(field.name) + ": " + std::string(field.value);
  return lines;
}

const std::vector<http::Field> behind_proxy = {
    {"X-Forwarded-For", "192.0.2.1"}, {"x-forwarded-for", "192.0.2.2, 192.0.2.3"},
    {"X-Forwarded-Proto", "https"},   {"X-Forwarded-Host", "outside"},
    {"X-Forwarded-Prefix", "/app"},   {"Forwarded", "for=192.0.2.1"}};

}  // namespace

TEST_CASE("replace: what a client says of proxies is dropped, and its own address told") {
  CHECK(told(ForwardedFields::replace, "10.0.0.1", behind_proxy) ==
        "X-Forwarded-For: 10.0.0.1; X-Forwarded-Proto: http; X-Forwarded-Host: shop");
  CHECK(told(ForwardedFields::replace, "::1", {}, "") == "X-Forwarded-For: ::1; X-Forwarded-Proto: http");
}

TEST_CASE("append: what came stays, one address more, and only what is missing is added") {
  CHECK(told(ForwardedFields::append, "10.0.0.1", behind_proxy) ==
        "X-Forwarded-Proto: https; X-Forwarded-Host: outside; X-Forwarded-Prefix: /app; "
        "X-Forwarded-For: 192.0.2.1, 192.0.2.2, 192.0.2.3, 10.0.0.1; "
        "Forwarded: for=192.0.2.1, for=10.0.0.1;proto=http");
  CHECK(told(ForwardedFields::append, "10.0.0.1", {}) ==
        "X-Forwarded-For: 10.0.0.1; X-Forwarded-Proto: http; X-Forwarded-Host: shop");
  CHECK(
      told(ForwardedFields::append, "2001:db8::1", {{"Forwarded", "for=a"}}, "") ==
      "X-Forwarded-For: 2001:db8::1; Forwarded: for=a, for=\"[2001:db8::1]\";proto=http; X-Forwarded-Proto: "
      "http");
  CHECK(told(ForwardedFields::append, "unix", {{"Forwarded", "for=a"}}, "") ==
        "X-Forwarded-For: unix; Forwarded: for=a, for=unknown;proto=http; X-Forwarded-Proto: http");
}

TEST_CASE("of a client that spoke TLS the app hears https, unless a proxy knows better") {
  CHECK(told(ForwardedFields::replace, "10.0.0.1", behind_proxy, "shop", true) ==
        "X-Forwarded-For: 10.0.0.1; X-Forwarded-Proto: https; X-Forwarded-Host: shop");
  CHECK(told(ForwardedFields::append, "10.0.0.1", {{"Forwarded", "for=a"}}, "", true) ==
        "X-Forwarded-For: 10.0.0.1; Forwarded: for=a, for=10.0.0.1;proto=https; X-Forwarded-Proto: https");
  CHECK(told(ForwardedFields::append, "10.0.0.1", {{"X-Forwarded-Proto", "http"}}, "", true) ==
        "X-Forwarded-Proto: http; X-Forwarded-For: 10.0.0.1");
}

TEST_CASE("off: the way is left as it came") {
  CHECK(told(ForwardedFields::off, "10.0.0.1", {{"X-Forwarded-For", "a"}, {"Forwarded", "b"}, {"X", "c"}}) ==
        "X-Forwarded-For: a; Forwarded: b; X: c");
  CHECK(told(ForwardedFields::off, "10.0.0.1", {}).empty());
}

TEST_CASE("a PROXY header is expected of trusted load balancers alone, and only where it is switched on") {
  config::Config config;
  config.ingress.trusted = {"10.0.0.0/8"};
  CHECK_FALSE(worker::client_of_ingress(config, "10.1.2.3").announced);
  config.ingress.proxy_protocol = true;
  CHECK(worker::client_of_ingress(config, "10.1.2.3").announced);
  CHECK_FALSE(worker::client_of_ingress(config, "11.1.2.3").announced);
}

TEST_CASE("a trusted proxy is believed by its address, everybody else is replaced") {
  config::Config config;
  config.ingress.trusted = {"10.0.0.0/8", "::1", "unix"};
  const auto what = [&](const char* address) { return worker::client_of_ingress(config, address).forwarded; };
  for (const char* known : {"10.1.2.3", "::1", "unix"}) CHECK(what(known) == ForwardedFields::append);
  for (const char* other : {"11.0.0.1", "::2", "", "unix2"}) CHECK(what(other) == ForwardedFields::replace);
  for (const auto all : {ForwardedFields::append, ForwardedFields::off}) {
    config.ingress.forwarded = all;
    CHECK(what("10.1.2.3") == all);
    CHECK(what("11.0.0.1") == all);
  }
}

#include "daemon/worker/forwarded.hpp"

#include <algorithm>

namespace ringside::worker {
namespace {

constexpr std::string_view for_field = "x-forwarded-for";
constexpr std::string_view elements_field = "forwarded";

std::string_view scheme(bool secured) {
  return secured ? "https" : "http";
}

// All fields of this name become one, in their order, as RFC 9110 5.3 has it. True: there was one.
bool gather(http::RequestHead& head, std::string_view name, std::string& into) {
  into.clear();
  for (const auto& field : head.fields)
    if (http::equals_ignore_case(field.name, name)) (into += into.empty() ? "" : ", ") += field.value;
  return std::erase_if(head.fields, [name](const http::Field& field) {
           return http::equals_ignore_case(field.name, name);
         }) > 0;
}

// RFC 7239 4: an IPv6 address stands in brackets and quotes; who has no address is unknown.
void add_element(std::string& elements, const std::string& address, bool secured) {
  elements += elements.empty() ? "for=" : ", for=";
  if (address == "unix") {
    elements += "unknown";
  } else if (address.find(':') != std::string::npos) {
    elements += "\"[" + address + "]\"";
  } else {
    elements += address;
  }
  elements.append(";proto=").append(scheme(secured));
}

}  // namespace

void append_forwarded(http::RequestHead& head, const Client& client, ForwardedStore& store) {
  if (client.forwarded != config::ForwardedFields::append) return;
  auto& fields = head.fields;
  gather(head, for_field, store.addresses);
  (store.addresses += store.addresses.empty() ? "" : ", ") += client.address;
  fields.push_back({"X-Forwarded-For", store.addresses});
  if (gather(head, elements_field, store.elements)) {
    add_element(store.elements, client.address, client.secured);
    fields.push_back({"Forwarded", store.elements});
  }
  if (!http::find(fields, "x-forwarded-proto"))
    fields.push_back({"X-Forwarded-Proto", scheme(client.secured)});
  if (!head.authority.empty() && !http::find(fields, "x-forwarded-host"))
    fields.push_back({"X-Forwarded-Host", head.authority});
}

void put_forwarded(http::RequestHead& head, std::string_view address, bool secured) {
  head.fields.push_back({"X-Forwarded-For", address});
  head.fields.push_back({"X-Forwarded-Proto", scheme(secured)});
  if (!head.authority.empty()) head.fields.push_back({"X-Forwarded-Host", head.authority});
}

}  // namespace ringside::worker

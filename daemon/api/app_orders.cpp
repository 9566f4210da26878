// PUT /v1/app: an app says where it is and how to look after it. Its fields are options of the configuration,
// by other names; what they may hold is checked where those are.
#include "daemon/api/app_orders.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <span>

#include "daemon/api/json_body.hpp"
#include "daemon/api/reads.hpp"
#include "daemon/base/limits.hpp"

namespace ringside::api {
namespace {

using Json = nlohmann::ordered_json;
using Settings = std::vector<std::pair<std::string, std::string>>;

enum class Is { text, number, flag };
struct Field {
  std::string_view name;
  Is is;
};
constexpr std::array app_fields{Field{"address", Is::text}, Field{"protocol", Is::text}};
constexpr std::array health_fields{Field{"path", Is::text},    Field{"interval", Is::text},
                                   Field{"timeout", Is::text}, Field{"fail", Is::number},
                                   Field{"pass", Is::number},  Field{"required", Is::flag}};

// Empty: it was read.
std::string read_field(std::span<const Field> fields, const std::string& folder, const std::string& name,
                       const Json& value, Settings& into) {
  const auto field = std::ranges::find(fields, name, &Field::name);
  if (field == fields.end()) return "there is no field '" + name + "'";
  const bool fits = field->is == Is::text     ? value.is_string()
                    : field->is == Is::number ? value.is_number_integer()
                                              : value.is_boolean();
  if (!fits)
    return name + (field->is == Is::text     ? " is a text"
                   : field->is == Is::number ? " is a whole number"
                                             : " is true or false");
  into.emplace_back(folder + name, value.is_string() ? value.get<std::string>() : value.dump());
  return "";
}

std::string read_entry(const Json& body, AppEntry& entry) {
  for (const auto& [name, value] : body.items()) {
    std::string wrong;
    if (name == "id") {
      if (!value.is_string() || value.get<std::string>().size() > limits::name_bytes)
        wrong = "id is a text of at most " + std::to_string(limits::name_bytes) + " bytes";
      else
        entry.id = value.get<std::string>();
    } else if (name == "health") {
      if (!value.is_object()) return R"(health is not like {"path": "/health", "interval": "2s"})";
      for (const auto& [part, of_it] : value.items()) {
        wrong = read_field(health_fields, "app.health.", part, of_it, entry.settings);
        if (!wrong.empty()) return "health: " + wrong;
      }
    } else {
      wrong = read_field(app_fields, "app.", name, value, entry.settings);
    }
    if (!wrong.empty()) return wrong;
  }
  if (!body.contains("address") || body["address"].get<std::string>().empty())
    return "address says where the app listens; to take it away: DELETE /v1/app";
  return "";
}

}  // namespace

Response order_app(const Call& call) {
  auto read = json_body(call, "an address and how to look after it");
  if (!read) return std::move(read).error();
  const Json body = std::move(*read);
  if (!body.is_object())
    return problem(Code::bad_request, R"(the body is not like {"address": "127.0.0.1:5000"})");
  AppEntry entry;
  if (auto wrong = read_entry(body, entry); !wrong.empty())
    return problem(Code::bad_request, std::move(wrong));
  Response response;
  response.order = Order{.kind = Order::Kind::app, .app = std::move(entry)};
  return response;
}

Response order_no_app(const Call&) {
  Response response;
  response.order = Order{.kind = Order::Kind::no_app};
  return response;
}

Response app_answer(const Context& context, int status) {
  static const Query no_query;
  Response response = app_page({context, {}, no_query, {}});
  response.status = status;
  return response;
}

Response bad_app_answer(std::vector<std::string> errors) {
  return render({.code = Code::bad_setting,
                 .detail = "the app cannot be registered so; the one before stays",
                 .errors = std::move(errors)});
}

}  // namespace ringside::api

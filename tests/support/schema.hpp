// Checks a JSON value against a schema of the OpenAPI document: the keywords that the document uses, and a
// complaint about any other, so that none is skipped in silence.
#pragma once

#include <nlohmann/json.hpp>
#include <regex>
#include <string>
#include <vector>

namespace ringside::test {

class SchemaChecker {
 public:
  using Json = nlohmann::ordered_json;

  explicit SchemaChecker(const Json& document) : document_(document) {}

  // Follows "$ref" as long as there is one.
  [[nodiscard]] const Json& resolve(const Json& node) const {
    const Json* at = &node;
    while (at->is_object() && at->contains("$ref"))
      at = &document_.at(Json::json_pointer(at->at("$ref").get<std::string>().substr(1)));
    return *at;
  }

  // What does not fit, one line each with the place; empty: all fits.
  [[nodiscard]] std::vector<std::string> check(const Json& schema, const Json& value) const {
    std::vector<std::string> faults;
    check_at("$", resolve(schema), value, faults);
    return faults;
  }

 private:
  using Faults = std::vector<std::string>;

  static bool has_type(const std::string& type, const Json& value) {
    if (type == "object") return value.is_object();
    if (type == "array") return value.is_array();
    if (type == "string") return value.is_string();
    if (type == "boolean") return value.is_boolean();
    if (type == "integer") return value.is_number_integer();
    if (type == "number") return value.is_number();
    return false;
  }

  void check_at(const std::string& place, const Json& schema, const Json& value, Faults& faults) const {
    if (value.is_null() && schema.value("nullable", false)) return;
    for (const auto& [keyword, rule] : schema.items())
      check_keyword(place, keyword, rule, schema, value, faults);
  }

  void check_keyword(const std::string& place, const std::string& keyword, const Json& rule,
                     const Json& schema, const Json& value, Faults& faults) const {
    const auto fault = [&](const std::string& text) { faults.push_back(place + ": " + text); };
    if (keyword == "type") {
      if (!has_type(rule, value)) fault("is no " + rule.get<std::string>() + ": " + value.dump());
    } else if (keyword == "enum") {
      if (std::find(rule.begin(), rule.end(), value) == rule.end())
        fault(value.dump() + " is not in the enum");
    } else if (keyword == "pattern") {
      if (value.is_string() &&
          !std::regex_search(value.get<std::string>(), std::regex(rule.get<std::string>())))
        fault(value.dump() + " does not match " + rule.dump());
    } else if (keyword == "minimum") {
      if (value.is_number() && value < rule) fault(value.dump() + " is under " + rule.dump());
    } else if (keyword == "maximum") {
      if (value.is_number() && value > rule) fault(value.dump() + " is over " + rule.dump());
    } else if (keyword == "required") {
      for (const Json& name : rule)
        if (value.is_object() && !value.contains(name.get<std::string>())) fault("lacks " + name.dump());
    } else if (keyword == "properties" || keyword == "additionalProperties") {
      if (keyword == "properties" || !schema.contains("properties"))
        check_members(place, schema, value, faults);
    } else if (keyword == "items") {
      for (std::size_t i = 0; value.is_array() && i < value.size(); ++i)
        check_at(place + "[" + std::to_string(i) + "]", resolve(rule), value[i], faults);
    } else if (keyword != "description" && keyword != "format" && keyword != "nullable" &&
               keyword != "default") {
      fault("the checker does not know the keyword " + keyword);
    }
  }

  void check_members(const std::string& place, const Json& schema, const Json& value, Faults& faults) const {
    if (!value.is_object()) return;
    const Json none = Json::object();
    const Json anything = true;
    const Json& properties = schema.contains("properties") ? schema["properties"] : none;
    const Json& others = schema.contains("additionalProperties") ? schema["additionalProperties"] : anything;
    for (const auto& [name, member] : value.items()) {
      if (properties.contains(name)) {
        check_at(place + "." + name, resolve(properties[name]), member, faults);
      } else if (others.is_object()) {
        check_at(place + "." + name, resolve(others), member, faults);
      } else if (others == false) {
        faults.push_back(place + ": has " + name + ", which the schema does not know");
      }
    }
  }

  const Json& document_;
};

}  // namespace ringside::test

// A tool of the build: reads proto/openapi.yaml and writes a C++ file that holds it as JSON. The daemon then
// serves bytes of its own image and needs neither a parser nor memory for it.
//
//   embed_openapi openapi.yaml openapi.cpp
#include <yaml-cpp/yaml.h>

#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

namespace {

using Json = nlohmann::ordered_json;

// YAML's core schema: what is not quoted may be null, a truth value or a number.
Json scalar(const YAML::Node& node) {
  const bool quoted = node.Tag() == "!";
  if (!quoted) {
    if (node.Scalar() == "true" || node.Scalar() == "false") return node.Scalar() == "true";
    std::int64_t whole = 0;
    if (YAML::convert<std::int64_t>::decode(node, whole)) return whole;
    double real = 0;
    if (YAML::convert<double>::decode(node, real)) return real;
  }
  return node.Scalar();
}

Json to_json(const YAML::Node& node) {
  if (node.IsNull()) return nullptr;
  if (node.IsScalar()) return scalar(node);
  if (node.IsSequence()) {
    Json list = Json::array();
    for (const auto& item : node) list.push_back(to_json(item));
    return list;
  }
  Json object = Json::object();
  for (const auto& entry : node) object[entry.first.Scalar()] = to_json(entry.second);
  return object;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: embed_openapi openapi.yaml openapi.cpp\n";
    return 2;
  }
  try {
    const std::string json = to_json(YAML::LoadFile(argv[1])).dump();
    std::ofstream out(argv[2]);
    out << "// Made from proto/openapi.yaml by scripts/cmake/embed_openapi.cpp.\n"
           "#include \"daemon/api/api.hpp\"\n\n"
           "std::string_view ringside::api::openapi_json() noexcept {\n"
           "  return R\"openapi("
        << json << "\n)openapi\";\n}\n";
    if (!out.flush()) throw std::runtime_error(std::string("cannot write ") + argv[2]);
  } catch (const std::exception& error) {
    std::cerr << argv[1] << ": " << error.what() << '\n';
    return 1;
  }
}

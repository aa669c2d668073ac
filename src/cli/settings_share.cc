// [share]: what is shared, where, and with whom.
#include "cli/settings_rows.h"

namespace eai::cli {

std::vector<Setting> share_settings() {
  using S = ShareSettings;
  const Rows<S> in(&Config::share);
  return {
      in.list("share.models", "EAI_SHARE_MODELS", "--share", &S::models,
              "Share this model while the server runs; may be repeated", {.value_name = "MODEL"}),
      in.flag("share.all", "EAI_SHARE_ALL", "--all", &S::all,
              "Share every model that was downloaded, but none that was made or adopted here"),
      in.list("share.cars", "EAI_SHARE_CARS", "--car", &S::cars, "Share the blocks of this CAR file; may be repeated",
              {.value_name = "FILE"}),
      in.list("share.records", "EAI_SHARE_RECORDS", "--ipns-record", &S::records,
              "Share this IPNS record, a file called <name>.ipns-record; may be repeated", {.value_name = "FILE"}),
      in.text("share.host", "EAI_SHARE_HOST", "--share-host", &S::host,
              "Name or address where others may download; 0.0.0.0 is all of this machine", {.value_name = "ADDRESS"}),
      in.number("share.port", "EAI_SHARE_PORT", "--share-port", &S::port,
                "Port where others may download; 0: any free one", {.highest = 65535}),
      in.size("share.rate", "EAI_SHARE_RATE", "--share-rate", &S::rate,
              "Bytes per second to all others together; 0: as fast as it goes in private networks, 20 MB "
              "elsewhere"),
      in.flag("share.anyone", "EAI_SHARE_ANYONE", "--share-anyone", &S::anyone,
              "Also share with machines outside private networks"),
      in.list("share.allow_hosts", "EAI_SHARE_ALLOW_HOSTS", "--share-allow-host", &S::allow_hosts,
              "Name by which others may reach the share, besides localhost and addresses; may be repeated",
              {.value_name = "NAME", .canonical = canonical_host}),
  };
}

}  // namespace eai::cli

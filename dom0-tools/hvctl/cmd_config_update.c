/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hvctl config-update: what a guest shall be when it is restarted next, and what happens when it ends. */
#include "config/guest_config.h"
#include "guest/store_layout.h"
#include "guest/store_nodes.h"
#include "hvctl/command.h"
#include "libhv/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The file, with the guest's own UUID where it gives none. settings has room for one more. */
static int load(const char *file, char **settings, unsigned count, const uint8_t uuid[16], struct guest_config *config)
{
    char text[GUEST_UUID_TEXT], setting[GUEST_UUID_TEXT + 8];
    struct diagnostics said = {0};
    int r = guest_config_load(file, settings, count, config, &said);

    if (!r && !config->uuid_given) {
        guest_config_free(config);
        diagnostics_clear(&said);
        guest_uuid_format(uuid, text);
        snprintf(setting, sizeof(setting), "uuid=\"%s\"", text);
        settings[count] = setting;
        r = guest_config_load(file, settings, count + 1, config, &said);
    }
    diagnostics_print(&said, stderr);
    diagnostics_clear(&said);
    return r;
}

static int update(struct command *c, unsigned domid, const struct guest_config *config)
{
    struct failure failure = {""};
    struct xs_handle *xs = command_store(c);

    if (!xs)
        return COMMAND_FAILED;
    if (!store_exists(xs, XBT_NULL, STORE_OURS, domid))
        return command_fail("domain %u was not created by hvctl: it has no configuration to update", domid);
    if (store_nodes_update(xs, domid, config, &failure))
        return command_fail("%s", failure.text);
    if (c->json)
        printf("{\"updated\": %u}\n", domid);
    return COMMAND_OK;
}

int cmd_config_update(struct command *c, int argc, char **argv)
{
    struct guest_config config;
    domain_info info;

    if (argc < 3)
        return command_usage(c);
    for (int i = 3; i < argc; i++)
        if (!strchr(argv[i], '='))
            return command_usage(c);
    if (command_find_domain_info(c, argv[1], &info) < 0)
        return COMMAND_FAILED;
    char **settings = calloc((size_t)argc, sizeof(*settings));
    if (!settings)
        return command_error("memory");
    memcpy(settings, argv + 3, (size_t)(argc - 3) * sizeof(*settings));
    int r = load(argv[2], settings, (unsigned)(argc - 3), info.handle, &config);
    free(settings);
    int status = r ? COMMAND_FAILED : update(c, info.domain, &config);
    guest_config_free(&config);
    return status;
}

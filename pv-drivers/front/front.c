/* SPDX-License-Identifier: MIT
 *
 * See front.h.
 */
#include "front/front.h"
#include "front/console.h"
#include "front/grants.h"
#include "front/store.h"

bool front_open(void)
{
    if (!store_init())
        return false;
    console_open();
    grants_init();
    store_watch("control/shutdown", "end");
    return true;
}

bool front_asked_to_end(void)
{
    char how[16];

    if (store_read(STORE_OUTSIDE, "control/shutdown", how, sizeof(how)) <= 0)
        return false;
    store_write(STORE_OUTSIDE, "control/shutdown", ""); /* the tools see that it was understood */
    return true;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The syntax of xl.cfg: what the manual page shows parses to the tree it should, and what is wrong is told with its
 * place. */
#include "config/config.h"
#include "unit.h"
#include <string.h>

static struct diagnostics said;

static struct config *parse_bytes(const char *text, size_t size)
{
    struct config *tree;

    diagnostics_clear(&said);
    int error = config_parse(text, size, "t.cfg", &tree, &said);
    CU_ASSERT_EQUAL(error == 0, tree != NULL);
    CU_ASSERT_EQUAL(error == 0, said.errors == 0);
    return tree;
}

static struct config *parse(const char *text)
{
    return parse_bytes(text, strlen(text));
}

/* The text parses, and its plain form is this. */
static void parses_to(const char *text, const char *plain)
{
    struct config *tree = parse(text);

    if (!tree)
        diagnostics_print(&said, stderr);
    CU_ASSERT_PTR_NOT_NULL_FATAL(tree);
    char *got = config_text(tree);
    CU_ASSERT_STRING_EQUAL(got, plain);
    if (strcmp(got, plain) != 0)
        fprintf(stderr, "got: %s", got);

    /* The plain form stands for the same tree. */
    struct config *again = parse(got);
    CU_ASSERT_PTR_NOT_NULL_FATAL(again);
    char *got_again = config_text(again);
    CU_ASSERT_STRING_EQUAL(got_again, got);
    free(got_again);
    free(got);
    config_free(again);
    config_free(tree);
}

/* The text does not parse; the error number index is at this place and has these words in it. */
static void fails(const char *text, unsigned int index, unsigned int line, unsigned int column, const char *words)
{
    struct config *tree = parse(text);

    CU_ASSERT_PTR_NULL(tree);
    config_free(tree);
    CU_ASSERT_FATAL(said.count > index);
    struct diagnostic *item = &said.items[index];
    if (item->line != line || item->column != column || !strstr(item->text, words))
        diagnostics_print(&said, stderr);
    CU_ASSERT_STRING_EQUAL(item->source, "t.cfg");
    CU_ASSERT_EQUAL(item->line, line);
    CU_ASSERT_EQUAL(item->column, column);
    CU_ASSERT_PTR_NOT_NULL(strstr(item->text, words));
}

static void test_values(void)
{
    parses_to("", "");
    parses_to("\n\n;;\n", "");
    parses_to("name=\"h0\"\ntype=\"hvm\"\n", "name = \"h0\"\ntype = \"hvm\"\n");
    parses_to("name=\"h0\"; type=\"hvm\"", "name = \"h0\"\ntype = \"hvm\"\n");
    parses_to("name = 'h0' ; type = 'hvm' ;", "name = \"h0\"\ntype = \"hvm\"\n");
    parses_to("memory = 512\nvideoram=0x10\ncap = 017\n", "memory = 512\nvideoram = 0x10\ncap = 017\n");
    parses_to("a.b_c9=1", "a.b_c9 = 1\n");
    parses_to("\t a \t=\t 1 \t\n", "a = 1\n");
    parses_to("a=1\r\nb=2\r\n", "a = 1\nb = 2\n");
    parses_to("a=1\na=2\n", "a = 2\n");
    parses_to("a=\"\"\nb=''", "a = \"\"\nb = \"\"\n");
}

static void test_comments(void)
{
    parses_to("# only this\n", "");
    parses_to("# without end", "");
    parses_to("a=1 # one\nb=2#two\n#c=3\n", "a = 1\nb = 2\n");
    parses_to("a='# no comment'\n", "a = \"# no comment\"\n");
    parses_to("a=[ # first\n 1, # second\n# third\n 2 ]\n", "a = [1, 2]\n");
}

static void test_strings(void)
{
    parses_to("a='it\\'s'", "a = \"it's\"\n");
    parses_to("a=\"it's\"", "a = \"it's\"\n");
    parses_to("a='say \"so\"'", "a = \"say \\\"so\\\"\"\n");
    parses_to("a='\\\\'", "a = \"\\\\\"\n");
    parses_to("a='x\\ny\\tz'", "a = \"x\\ny\tz\"\n");
    parses_to("a='\\x41\\102\\60'", "a = \"AB0\"\n");
    parses_to("a='\\a\\b\\f\\v\\r'", "a = \"\\007\\010\\014\\013\\015\"\n");
    parses_to("a='\\1018'", "a = \"A8\"\n");
    parses_to("a='\303\244'", "a = \"\303\244\"\n");
}

static void test_lists(void)
{
    parses_to("disk=[]", "disk = []\n");
    parses_to("disk = [ \n\n ]\n", "disk = []\n");
    parses_to("disk = [ 'a', \"b\", ]", "disk = [\"a\", \"b\"]\n");
    parses_to("disk = [\n 'a'\n,\n'b'\n,\n]\n", "disk = [\"a\", \"b\"]\n");
    parses_to("x=[1,'two',[3,[],'four']]", "x = [1, \"two\", [3, [], \"four\"]]\n");
    parses_to("vnuma = [ [\"pnode=0\",\"size=512\",\"vcpus=0-4\",\"vdistances=10,20\"] ]",
              "vnuma = [[\"pnode=0\", \"size=512\", \"vcpus=0-4\", \"vdistances=10,20\"]]\n");
    parses_to("cpus = [\"2\", \"3-8,^5\"]", "cpus = [\"2\", \"3-8,^5\"]\n");
    parses_to("vif=['mac=00:16:3E:00:00:01,bridge=br0'] ; disk=['phy:/dev/vg/lv,xvda,w']",
              "vif = [\"mac=00:16:3E:00:00:01,bridge=br0\"]\ndisk = [\"phy:/dev/vg/lv,xvda,w\"]\n");
}

static void test_add(void)
{
    parses_to("a='x'\na+='y'\na += \"z\"", "a = \"xyz\"\n");
    parses_to("a+='y'", "a = \"y\"\n");
    parses_to("a=['x']\na+=['y',1]\na+=[]", "a = [\"x\", \"y\", 1]\n");
    parses_to("a='x'\na+=1", "a = \"x1\"\n");
    fails("a='x'\na+=['y']", 0, 2, 1, "can't add a list");
    fails("a=['x']\n a+='y'", 0, 2, 2, "can't add a list");
}

static void test_errors(void)
{
    fails("memory 512\n", 0, 1, 8, "expected '=' or '+=' after the name, found a number");
    fails("memory = \n512\n", 0, 1, 10, "expected a value (a string in quotes, a number or a list), found the end of");
    fails("a=1 b=2", 0, 1, 5, "expected the end of the line or ';' after the value, found a name");
    fails("a=1\n\n  =2", 0, 3, 3, "expected a name, found '='");
    fails("a=[1 2]", 0, 1, 6, "expected ',' or ']' in the list, found a number");
    fails("a=[1,\n2\n", 0, 3, 1, "expected ',' or ']' in the list, found the end of the text");
    fails("a=[,]", 0, 1, 4, "expected a value");
    fails("a=[1,,2]", 0, 1, 6, "expected a value");
    fails("a='x", 0, 1, 3, "does not end on its line");
    fails("a=\"x\nb=1\"", 0, 1, 3, "does not end on its line");
    fails("a='x\\'", 0, 1, 3, "does not end on its line");
    fails("a='x\\q'", 0, 1, 5, "unknown escape");
    fails("a='\\x4'", 0, 1, 4, "two hexadecimal digits");
    fails("a='\\0'", 0, 1, 4, "a byte from 1 to 255");
    fails("a='\\777'", 0, 1, 4, "a byte from 1 to 255");
    fails("a = True", 0, 1, 5, "in quotes");
    fails("Name='x'", 0, 1, 1, "lower case");
    fails("a = -1", 0, 1, 5, "unexpected character");
    fails("a = 1 \\\n", 0, 1, 7, "continued only inside lists");
    fails("def f(x):\n  return 1\nb=(1)", 0, 1, 5, "expected '=' or '+='");
    fails("a=[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", 0, 1, 19, "too deep");
}

static void test_every_error_is_told(void)
{
    fails("a=\nb=2\nc\nd=4 4\n", 0, 1, 3, "expected a value");
    CU_ASSERT_EQUAL(said.errors, 3);
    CU_ASSERT_EQUAL(said.items[1].line, 3);
    CU_ASSERT_EQUAL(said.items[2].line, 4);
}

static void test_zero_bytes(void)
{
    CU_ASSERT_PTR_NULL(parse_bytes("a\0=1", 4));
    CU_ASSERT_PTR_NULL(parse_bytes("a='x\0y'", 7));
    CU_ASSERT_PTR_NULL(parse_bytes("a='\\\0y'", 7));
}

static void test_bounds(void)
{
    size_t size = CONFIG_SIZE_MAX + 1;
    char *text = malloc(size);

    memset(text, '\n', size);
    CU_ASSERT_PTR_NULL(parse_bytes(text, size));
    struct config *tree = parse_bytes(text, size - 1);
    CU_ASSERT_PTR_NOT_NULL(tree);
    config_free(tree);

    size = 0;
    for (int i = 0; i < 1025; i++)
        size += sprintf(text + size, "k%d=1\n", i);
    CU_ASSERT_PTR_NULL(parse_bytes(text, size));
    CU_ASSERT_PTR_NOT_NULL(strstr(said.items[0].text, "too many settings"));

    /* More errors than are kept are counted. */
    memset(text, '=', 2000);
    for (int i = 1; i < 2000; i += 2)
        text[i] = '\n';
    CU_ASSERT_PTR_NULL(parse_bytes(text, 2000));
    CU_ASSERT_EQUAL(said.errors, 1000);
    CU_ASSERT_EQUAL(said.count, DIAGNOSTICS_MAX);
    free(text);
}

static void overridden_to(struct config *tree, const char *statement, const char *plain)
{
    diagnostics_clear(&said);
    CU_ASSERT_EQUAL(config_override(tree, statement, &said), 0);
    diagnostics_print(&said, stderr);
    char *got = config_text(tree);
    CU_ASSERT_STRING_EQUAL(got, plain);
    free(got);
}

static void test_overrides(void)
{
    struct config *tree = parse("memory=128\n");

    overridden_to(tree, "memory=256", "memory = 256\n");
    overridden_to(tree, "name=\"x\"; vcpus=2", "memory = 256\nname = \"x\"\nvcpus = 2\n");
    overridden_to(tree, "name=h0", "memory = 256\nname = \"h0\"\nvcpus = 2\n");
    overridden_to(tree, "name+=/b -c", "memory = 256\nname = \"h0/b -c\"\nvcpus = 2\n");
    overridden_to(tree, "vcpus=[1]", "memory = 256\nname = \"h0/b -c\"\nvcpus = [1]\n");
    CU_ASSERT_EQUAL(config_override(tree, "memory", &said), -1);
    CU_ASSERT_EQUAL(config_override(tree, "memory=", &said), -1);
    CU_ASSERT_EQUAL(config_override(tree, "memory=[1", &said), -1);
    CU_ASSERT_EQUAL(config_override(tree, "name='x", &said), -1);
    CU_ASSERT_STRING_EQUAL(said.items[0].source, "command line");
    CU_ASSERT_EQUAL(said.items[0].line, 6);
    config_free(tree);
}

static CU_TestInfo cases[] = {
    {"values of all types", test_values},
    {"comments", test_comments},
    {"strings and escapes", test_strings},
    {"lists", test_lists},
    {"adding to a setting", test_add},
    {"errors say where and what", test_errors},
    {"every error is told in one run", test_every_error_is_told},
    {"zero bytes", test_zero_bytes},
    {"bounds", test_bounds},
    {"overrides from the command line", test_overrides},
    CU_TEST_INFO_NULL,
};

int main(void)
{
    int failed = unit_run("config", cases);

    diagnostics_clear(&said);
    return failed;
}

/* reader_libedit.c - lines edited by libedit.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "reader.h"

#include <histedit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static EditLine *editor;
static HistoryW *past;
static reader_completer *completer;
static struct text prompt; /* wide, as libedit wants it, and so are all texts here that it sees */
static int ended;          /* why the line was left before its end; 0 if it was not */

/* ---- wide characters: what libedit knows of */

static const wchar_t *widen(struct text *out, const char *text, size_t n)
{
    text_clear(out);
    for (size_t i = 0; i < n;) {
        int c;
        i += reader_decode(text + i, n - i, &c);
        wchar_t wide = (wchar_t)c;
        text_append(out, (const char *)&wide, sizeof wide);
    }
    text_append(out, (const char *)L"", sizeof L"");
    return (const wchar_t *)out->at;
}

static void narrow(struct text *out, const wchar_t *text, size_t n)
{
    text_clear(out);
    for (size_t i = 0; i < n; i++) {
        char bytes[4];
        text_append(out, bytes, reader_encode((int)text[i], bytes));
    }
}

/* ---- keys */

/* The terminal as others expect it while the program is stopped. */
static void stop(void)
{
    el_set(editor, EL_PREP_TERM, 0);
    reader_write(READER_PASTE_OFF, strlen(READER_PASTE_OFF));
    reader_stop();
    reader_write(READER_PASTE_ON, strlen(READER_PASTE_ON));
    el_set(editor, EL_PREP_TERM, 1);
    el_set(editor, EL_REFRESH);
}

static int read_wide(EditLine *el, wchar_t *out)
{
    for (;;) {
        int c = reader_character();
        if (c == READER_RESIZED) {
            el_resize(el);
            el_set(el, EL_REFRESH);
        } else if (c == READER_STOPPED) {
            stop();
        } else if (c < 0) {
            ended = c;
            return 0;
        } else if (c >
                   0) { /* a Ctrl-D that came before the prompt is a zero, and confuses libedit */
            *out = (wchar_t)c;
            return 1;
        }
    }
}

static unsigned char paste(EditLine *el, int key)
{
    (void)key;
    static struct text pasted, wide;
    reader_paste(&pasted);
    return el_winsertstr(el, widen(&wide, pasted.at, pasted.n)) == 0 ? CC_REFRESH : CC_ERROR;
}

/* Below the line, which may go on below the cursor. */
static void show_listing(const LineInfoW *line, const struct text *listing)
{
    for (const wchar_t *c = line->cursor; c < line->lastchar; c++)
        if (*c == L'\n')
            fputc('\n', stdout);
    fprintf(stdout, "\n%s\n", listing->at);
    fflush(stdout);
}

static unsigned char complete(EditLine *el, int key)
{
    (void)key;
    static struct text before, wide;
    static struct completion completion;
    const LineInfoW *line = el_wline(el);
    narrow(&before, line->buffer, (size_t)(line->cursor - line->buffer));
    if (reader_indents(before.at, before.n))
        return el_winsertstr(el, L"\t") == 0 ? CC_REFRESH : CC_ERROR;
    int columns, rows;
    reader_size(&columns, &rows);
    if (!completer(before.at, before.n, columns, rows, &completion))
        return CC_REFRESH_BEEP;
    if (completion.listing.n > 0)
        show_listing(line, &completion.listing);
    widen(&wide, before.at + completion.first, before.n - completion.first);
    el_wdeletestr(el, (int)wcslen((const wchar_t *)wide.at));
    el_winsertstr(el, widen(&wide, completion.text.at, completion.text.n));
    return completion.listing.n > 0 ? CC_REDISPLAY : CC_REFRESH;
}

/* Keys that emacs mode has elsewhere or not at all. The user's own come from .editrc; after them two
 * that nothing else may have. */
static void bind_keys(void)
{
    static const wchar_t *const keys[][2] = {
        {L"^R", L"em-inc-search-prev"},  {L"^U", L"vi-kill-line-prev"},
        {L"^W", L"ed-delete-prev-word"}, {L"\\e[H", L"ed-move-to-beg"},
        {L"\\eOH", L"ed-move-to-beg"},   {L"\\e[1~", L"ed-move-to-beg"},
        {L"\\e[F", L"ed-move-to-end"},   {L"\\eOF", L"ed-move-to-end"},
        {L"\\e[4~", L"ed-move-to-end"},  {L"\\e[3~", L"ed-delete-next-char"},
        {L"\\e[1;5C", L"em-next-word"},  {L"\\e[1;5D", L"ed-prev-word"},
    };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        el_wset(editor, EL_BIND, keys[i][0], keys[i][1], NULL);
    el_source(editor, NULL);
    el_wset(editor, EL_ADDFN, L"engram-complete", L"What the word may become", complete);
    el_wset(editor, EL_BIND, L"^I", L"engram-complete", NULL);
    el_wset(editor, EL_ADDFN, L"engram-paste", L"Insert what is pasted", paste);
    el_wset(editor, EL_BIND, L"\\e[200~", L"engram-paste", NULL);
}

/* ---- lines */

static wchar_t *give_prompt(EditLine *el)
{
    (void)el;
    return (wchar_t *)prompt.at;
}

static bool open_libedit(reader_completer *complete_with)
{
    HistEventW event;
    completer = complete_with;
    editor = el_init("engram", stdin, stdout, stderr);
    past = history_winit();
    if (!editor || !past)
        return false;
    history_w(past, &event, H_SETSIZE, 1000);
    el_wset(editor, EL_EDITOR, L"emacs");
    el_wset(editor, EL_HIST, history_w, past);
    el_wset(editor, EL_PROMPT, give_prompt);
    el_wset(editor, EL_GETCFN, read_wide);
    bind_keys();
    return true;
}

static enum reading outcome(struct text *line, const wchar_t *typed, int n)
{
    if (ended == 0 && typed && n > 0) {
        narrow(line, typed, (size_t)n - (typed[n - 1] == L'\n'));
        return READING_LINE;
    }
    if (ended != READER_INTERRUPT)
        return READING_END;
    const LineInfoW *left = el_wline(editor);
    narrow(line, left->buffer, (size_t)(left->lastchar - left->buffer));
    reader_write("^C\n", 3);
    return READING_INTERRUPTED;
}

static enum reading read_libedit(const char *asked, struct text *line)
{
    int n = 0;
    fflush(stdout);
    widen(&prompt, asked, strlen(asked));
    ended = 0;
    reader_hold_signals();
    reader_write(READER_PASTE_ON, strlen(READER_PASTE_ON));
    el_resize(editor);
    el_set(editor, EL_PREP_TERM, 1); /* before the prompt is there, as then keys come */
    const wchar_t *typed = el_wgets(editor, &n);
    reader_write(READER_PASTE_OFF, strlen(READER_PASTE_OFF));
    reader_release_signals();
    return outcome(line, typed, n);
}

/* The same one earlier is forgotten. */
static void forget(const wchar_t *text)
{
    HistEventW event;
    for (int found = history_w(past, &event, H_FIRST); found >= 0;
         found = history_w(past, &event, H_NEXT))
        if (wcscmp(event.str, text) == 0) {
            history_w(past, &event, H_DEL, event.num);
            return;
        }
}

static void remember_libedit(const char *text)
{
    static struct text wide;
    HistEventW event;
    widen(&wide, text, strlen(text));
    forget((const wchar_t *)wide.at);
    history_w(past, &event, H_ENTER, (const wchar_t *)wide.at);
}

const struct reader reader_libedit = {"libedit", open_libedit, read_libedit, remember_libedit};

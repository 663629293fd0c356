/* forms.c - the smaller forms of a bank's rows: derived, kept in step, never saved.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "bank.h"
#include "kernels/forms.h"

/* Rows derived between two looks at the cancel flag; whole blocks of signs. */
enum { DERIVED = 4096 };

/* Eight rows of signs stand together. A size beyond counting becomes one that no allocator has. */
static int grow(engram_bank *bank, uint32_t form, size_t slots)
{
    size_t need;
    if (!engram_product((slots + 7) / 8, engram_padded(bank->dim) * engram_form_bits(form), &need))
        need = SIZE_MAX;
    return engram_lines_grow(&bank->forms[form].rows, need);
}

/* Room for one form, the factors of int8 included. */
static int reserve(engram_bank *bank, uint32_t form, size_t slots)
{
    int status = grow(bank, form, slots);
    if (status == ENGRAM_OK && form == ENGRAM_INT8)
        status = engram_grow((void **)&bank->factors, &bank->factors_bytes,
                             slots * sizeof *bank->factors);
    return status;
}

int engram_forms_reserve(engram_bank *bank, size_t slots)
{
    int status = ENGRAM_OK;
    for (uint32_t form = ENGRAM_BF16; form < ENGRAM_FORMS && status == ENGRAM_OK; form++)
        if (bank->forms[form].on)
            status = reserve(bank, form, slots);
    return status;
}

static void derive(engram_bank *bank, uint32_t form, size_t first, size_t last)
{
    const float *rows = bank->rows + first * bank->dim, *norms = bank->norms + first;
    size_t n = last - first, at = first * engram_padded(bank->dim);
    void *out = bank->forms[form].rows.at;
    switch (form) {
    case ENGRAM_BF16:
        engram_encode_bf16(rows, norms, n, bank->dim, (uint16_t *)out + at);
        break;
    case ENGRAM_F16:
        engram_encode_f16(rows, norms, n, bank->dim, (uint16_t *)out + at);
        break;
    case ENGRAM_INT8:
        engram_encode_int8(rows, norms, n, bank->dim, (int8_t *)out + at, bank->factors + first);
        break;
    case ENGRAM_SIGN:
        engram_encode_sign(rows, norms, n, bank->dim, first, out);
        break;
    }
}

void engram_forms_derive(engram_bank *bank, size_t first, size_t last)
{
    for (uint32_t form = ENGRAM_BF16; form < ENGRAM_FORMS; form++)
        if (bank->forms[form].on)
            derive(bank, form, first, last);
}

static void drop(engram_bank *bank, uint32_t form)
{
    engram_lines_free(&bank->forms[form].rows);
    bank->forms[form].on = false;
    if (form == ENGRAM_INT8) {
        engram_release(bank->factors, bank->factors_bytes);
        bank->factors = NULL;
        bank->factors_bytes = 0;
    }
}

void engram_forms_free(engram_bank *bank)
{
    for (uint32_t form = ENGRAM_BF16; form < ENGRAM_FORMS; form++)
        drop(bank, form);
}

uint64_t engram_form_bytes(const engram_bank *bank, uint32_t form)
{
    return bank->forms[form].rows.bytes + (form == ENGRAM_INT8 ? bank->factors_bytes : 0);
}

struct indexing {
    engram_bank *bank;
    uint32_t form;
};

static int derive_block(void *data, size_t first, size_t last)
{
    struct indexing *indexing = data;
    if (engram_cancelled())
        return ENGRAM_ECANCELLED;
    derive(indexing->bank, indexing->form, first, last);
    return ENGRAM_OK;
}

int engram_bank_index(engram_bank *bank, uint32_t form, uint32_t on)
{
    ENGRAM_NEED(bank);
    if (form < ENGRAM_BF16 || form >= ENGRAM_FORMS)
        return engram_fail(ENGRAM_ERANGE,
                           "engram_bank_index: form is %u, expected ENGRAM_BF16 .. ENGRAM_SIGN",
                           (unsigned)form);
    if (!on)
        drop(bank, form);
    if (!on || bank->forms[form].on)
        return ENGRAM_OK;
    if (form == ENGRAM_INT8 && bank->dim > ENGRAM_MAX_INT8)
        return engram_fail(ENGRAM_EDIM, "engram_bank_index: rows of %u bytes, at most %d",
                           (unsigned)bank->dim, ENGRAM_MAX_INT8);
    int status = reserve(bank, form, bank->norms_bytes / sizeof *bank->norms);
    if (status == ENGRAM_OK)
        status = engram_in_blocks(bank->slots, DERIVED, derive_block,
                                  &(struct indexing){.bank = bank, .form = form});
    if (status == ENGRAM_OK)
        bank->forms[form].on = true;
    else
        drop(bank, form);
    return status == ENGRAM_ECANCELLED ? engram_fail_cancelled(__func__) : status;
}

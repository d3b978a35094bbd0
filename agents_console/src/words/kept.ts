/** Settings that several people may edit: saving, going back, and meeting somebody else's change. */
const es = {
  kept: {
    undo: "Deshacer lo guardado",
    undone: "Se volvió a lo anterior",
    conflict: "Otra persona lo cambió mientras usted lo editaba",
    conflictText:
      "Nada se sobrescribió. Puede ver lo que hay ahora y perder lo suyo, o guardar lo suyo encima.",
    take: "Ver lo que hay ahora",
    keep: "Guardar lo mío encima",
  },
};

const en: typeof es = {
  kept: {
    undo: "Undo what was saved",
    undone: "Back to what it was",
    conflict: "Somebody else changed this while you were editing it",
    conflictText:
      "Nothing was overwritten. See what is there now and lose your changes, or save yours over it.",
    take: "See what is there now",
    keep: "Save mine over it",
  },
};

const pt: typeof es = {
  kept: {
    undo: "Desfazer o que se guardou",
    undone: "Voltou ao que era",
    conflict: "Outra pessoa mudou isto enquanto você editava",
    conflictText: "Nada foi sobrescrito. Veja o que há agora e perca o seu, ou guarde o seu por cima.",
    take: "Ver o que há agora",
    keep: "Guardar o meu por cima",
  },
};

export const kept = { es, en, pt };

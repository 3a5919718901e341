# contract 1
# Português: iniciado. O que falta é dito em inglês.

date-time = { $day } de { $month } de { $year }, { $time } UTC
month-1 = janeiro
month-2 = fevereiro
month-3 = março
month-4 = abril
month-5 = maio
month-6 = junho
month-7 = julho
month-8 = agosto
month-9 = setembro
month-10 = outubro
month-11 = novembro
month-12 = dezembro
within-minutes =
    { $count ->
        [one] dentro de um minuto
       *[other] dentro de { $count } minutos
    }
within-hours =
    { $count ->
        [one] dentro de uma hora
       *[other] dentro de { $count } horas
    }
within-days =
    { $count ->
        [one] dentro de um dia
       *[other] dentro de { $count } dias
    }

code = Ou introduza este código onde lhe for pedido:
lifetime-link = A ligação funciona uma única vez, { $within } (até { $until }).
lifetime-link-code = A ligação e o código funcionam uma única vez, { $within } (até { $until }).
copy-link = Se o botão não funcionar, copie este endereço para o seu navegador:
asked-from = Pedido em { $at } a partir do endereço de rede { $source }.
footer = { $product } envia esta mensagem automaticamente. As respostas podem não ser lidas.
device = { $browser } em { $system }
reset-subject = Escolha uma nova palavra-passe para { $product }
reset-title = Escolher uma nova palavra-passe
reset-text = Alguém, provavelmente o próprio destinatário, pediu uma nova palavra-passe para a conta { $username }. Quando a escolher, a sessão termina em todos os dispositivos.
reset-button = Escolher uma nova palavra-passe
reset-ignore = Se não foi o autor do pedido, ignore esta mensagem: a palavra-passe fica como está.

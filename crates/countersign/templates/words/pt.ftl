# contract 1
# Português (europeu): todas as mensagens, na forma de cortesia.

## Datas e horas, sempre em UTC, e durações

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

## Todas as mensagens

code = Ou introduza este código onde lhe for pedido:
lifetime-link = A ligação funciona uma única vez, { $within } (até { $until }).
lifetime-link-code = A ligação e o código funcionam uma única vez, { $within } (até { $until }).
copy-link = Se o botão não funcionar, copie este endereço para o seu navegador:
asked-from = Pedido em { $at } a partir do endereço de rede { $source }.
footer = { $product } envia esta mensagem automaticamente. As respostas podem não ser lidas.
device = { $browser } em { $system }
fact-time = Data
fact-device = Dispositivo
fact-source = Endereço de rede

## Confirmar um endereço

verify-subject = Confirme o seu endereço de e-mail para { $product }
verify-title = Confirmar o seu endereço de e-mail
verify-text = Confirme que { $address } é o seu endereço.
verify-button = Confirmar o endereço
verify-ignore = Se não fez este pedido, ignore esta mensagem: sem a sua confirmação nada acontece.

## Uma nova palavra-passe

reset-subject = Escolha uma nova palavra-passe para { $product }
reset-title = Escolher uma nova palavra-passe
reset-text = Alguém, provavelmente o próprio destinatário, pediu uma nova palavra-passe para a conta { $username }. Quando a escolher, a sessão termina em todos os dispositivos.
reset-button = Escolher uma nova palavra-passe
reset-ignore = Se não foi o autor do pedido, ignore esta mensagem: a palavra-passe fica como está.

## Iniciar sessão por e-mail

sign-in-subject = Início de sessão em { $product }
sign-in-title = Iniciar sessão
sign-in-text = Pode iniciar sessão como { $username } sem a sua palavra-passe.
sign-in-button = Iniciar sessão
sign-in-ignore = Se não fez este pedido, ignore esta mensagem. Não dê o código a ninguém, nem sequer a quem diga que é de { $product }.

## Uma conta própria

register-subject = Crie a sua conta em { $product }
register-title = Criar a sua conta
register-text = Alguém, provavelmente o próprio destinatário, quer criar uma conta em { $product } e indicou { $address }. Escolha agora um nome de utilizador e uma palavra-passe.
register-button = Criar a conta
register-ignore = Se não fez este pedido, ignore esta mensagem: sem si nenhuma conta é criada.

## Alguém se regista com um endereço que já tem conta

already-registered-subject = Já tem uma conta em { $product }
already-registered-title = Já tem uma conta
already-registered-text = Alguém, provavelmente o próprio destinatário, tentou registar-se com { $address }. Este endereço pertence à conta { $username }: inicie sessão com ele. Se esqueceu a palavra-passe, a página de início de sessão ajuda a escolher uma nova.
already-registered-button = Ir para a página de início de sessão
already-registered-ignore = Se não fez este pedido, não tem de fazer nada. Ninguém ficou a saber que tem uma conta.

## Um convite

invite-subject = Um convite para { $product }
invite-title = Recebeu um convite
invite-text = Recebeu um convite para ter uma conta em { $product }. Para aceitar, escolha um nome de utilizador e uma palavra-passe.
invite-button = Aceitar o convite
invite-ignore = Se não quer uma conta, ignore esta mensagem: sem si nenhuma é criada.

## O endereço de uma conta

address-changed-subject = O novo endereço de e-mail da sua conta em { $product }
address-changed-title = O seu novo endereço de e-mail
address-changed-text = { $address } é agora o endereço de e-mail da conta { $username }. A partir de agora, as mensagens chegam aqui.
address-changed-ignore = Se não conhece esta conta, avise os responsáveis por { $product }.
address-undo-subject = O endereço de e-mail da sua conta em { $product } foi alterado
address-undo-title = O seu endereço de e-mail foi alterado
address-undo-text = O endereço de e-mail da conta { $username } foi alterado para { $other_address } em { $at }. Se foi o autor da alteração, não tem de fazer nada.
address-removed-text = O endereço de e-mail { $address } foi removido da conta { $username } em { $at }. Se foi o autor da alteração, não tem de fazer nada.
address-undo-button = Anular a alteração
address-undo-ignore = Se não foi o autor da alteração, alguém conhece a sua palavra-passe. Anule a alteração: a sessão termina em todos os dispositivos e a palavra-passe deixa de funcionar. Depois, escolha uma nova.

## Avisos

password-changed-subject = A sua palavra-passe para { $product } foi alterada
password-changed-title = A sua palavra-passe foi alterada
password-changed-text = A palavra-passe da conta { $username } foi alterada. A sessão terminou em todos os outros dispositivos.
password-changed-ignore = Se a alteração não foi sua nem da administração, alguém conhecia a sua palavra-passe. Peça imediatamente uma nova na página de início de sessão.
second-factor-changed-subject = O segundo passo do seu início de sessão em { $product } foi alterado
second-factor-changed-title = O seu segundo passo foi alterado
second-factor-changed-text = Um autenticador da conta { $username } foi adicionado ou removido, ou os seus códigos de recuperação foram renovados. Se um autenticador foi adicionado ou removido, a sessão foi terminada em todos os outros dispositivos.
second-factor-changed-ignore = Se não foi o autor nem a administração, alguém conhece a sua palavra-passe. Altere-a imediatamente e verifique os seus autenticadores na página da conta.
new-device-subject = Início de sessão em { $product } num novo dispositivo
new-device-title = Início de sessão num novo dispositivo
new-device-text = Alguém iniciou sessão na conta { $username } num dispositivo que não era conhecido.
new-device-ignore = Se foi o próprio titular, não tem de fazer nada. Caso contrário, altere imediatamente a sua palavra-passe: a sessão termina em todos os outros dispositivos.
password-reset-done-subject = Tem uma nova palavra-passe para { $product }
password-reset-done-title = Tem uma nova palavra-passe
password-reset-done-text = A conta { $username } tem uma nova palavra-passe, escolhida através de uma ligação que enviámos para este endereço. A sessão terminou em todos os dispositivos.
password-reset-done-ignore = Se não foi o autor da alteração, alguém lê o seu e-mail. Altere primeiro a palavra-passe da sua caixa de correio e peça depois uma nova na página de início de sessão.
sign-in-page = Ir para a página de início de sessão
test-subject = Mensagem de teste de { $product }
test-title = Funciona
test-text = { $product } consegue enviar mensagens. Esta foi criada em { $at }.

## As páginas das ligações nas mensagens

page-verify-title = Confirmar o seu endereço de e-mail
page-verify-text = Prima o botão para confirmar que { $address } é o seu endereço.
page-verify-button = Confirmar o endereço
page-sign-in-title = Iniciar sessão
page-sign-in-text = Prima o botão para iniciar sessão com este navegador.
page-sign-in-button = Iniciar sessão
page-keep-account-title = Manter a conta?
page-keep-account-text = A sua conta vai ser eliminada em { $at }, como pediu. Prima o botão para a manter e iniciar sessão.
page-keep-account-button = Manter a conta e iniciar sessão
other-browser-title = Pediu para iniciar sessão?
other-browser-text = O início de sessão foi pedido noutro navegador ou noutro dispositivo:
digits = Os dois algarismos que lá aparecem
digits-hint = Tem uma única tentativa. A sessão inicia-se no outro navegador, não neste.
other-browser-button = Iniciar sessão no outro navegador
other-browser-ignore = Se não fez este pedido, ou se alguém lhe disse o que deve escrever, feche esta página: nada acontece.

## O segundo passo de um início de sessão

second-step-title = Mais um passo
second-step-text = Esta conta tem um autenticador. Escreva o código que ele mostra agora.
second-step-code = Código
second-step-hint = Seis algarismos da aplicação de autenticação ou um dos seus códigos de recuperação.
second-step-button = Iniciar sessão
authenticator-needed-title = Configure primeiro um autenticador
authenticator-needed-text = Esta conta precisa de uma aplicação de autenticação, que se configura ao iniciar sessão. Volte à página em que pediu este e-mail e escreva lá o código do e-mail.
asking-browser-only-title = Abra esta ligação onde a pediu
asking-browser-only-text = O início de sessão foi pedido noutro navegador ou noutro dispositivo. Abra lá a ligação, ou introduza lá o código da mensagem.
page-register-title = Criar a sua conta
page-register-text = A sua conta terá o endereço { $address }. Escolha um nome de utilizador e uma palavra-passe.
page-register-button = Criar a conta
page-change-address-title = O seu novo endereço de e-mail
page-change-address-text = Prima o botão para usar { $address } na sua conta.
page-change-address-button = Usar este endereço
page-undo-address-title = Anular a alteração
page-undo-address-text = Prima o botão para que { $address } volte a ser o endereço de e-mail da sua conta. Os endereços acrescentados depois são removidos, a sessão termina em todos os dispositivos, as chaves de API são revogadas e a palavra-passe deixa de funcionar.
page-undo-address-button = Anular a alteração
page-reset-title = Escolher uma nova palavra-passe
page-reset-text = É para a conta com o endereço { $address }. Quando a guardar, a sessão termina em todos os dispositivos.
page-reset-button = Guardar a palavra-passe
page-invite-title = Recebeu um convite
page-invite-text = Escolha um nome de utilizador e uma palavra-passe para a sua conta, que terá o endereço { $address }.
page-invite-button = Criar a conta
username = Nome de utilizador
new-password = Nova palavra-passe
password-hint =
    { $count ->
        [one] Pelo menos { $count } carácter: algumas palavras que só a própria pessoa juntaria.
       *[other] Pelo menos { $count } caracteres: algumas palavras que só a própria pessoa juntaria.
    }
done-verify-title = Endereço confirmado
done-verify-text = Pode fechar esta página ou iniciar sessão.
done-register-title = A sua conta está pronta
done-register-text = Inicie sessão com o nome de utilizador e a palavra-passe que escolheu.
done-invite-title = A sua conta está pronta
done-invite-text = Inicie sessão com o nome de utilizador e a palavra-passe que escolheu.
done-change-address-title = Endereço confirmado
done-change-address-text = A partir de agora, as mensagens são enviadas para este endereço.
done-undo-address-title = A alteração foi anulada
done-undo-address-text = A sua conta tem de novo o endereço de e-mail anterior, e ninguém consegue iniciar sessão. Peça agora uma nova palavra-passe na página de início de sessão.
done-sign-in-title = A sessão foi iniciada no outro navegador
done-sign-in-text = Continue lá. Pode fechar esta página.
done-reset-title = A sua nova palavra-passe está definida
done-reset-text = A sessão terminou em todos os dispositivos. Inicie sessão com a nova palavra-passe.
refused-title = Esta ligação não funciona
refused-text = Já foi usada, é demasiado antiga ou foi enviada uma mais recente. Peça uma nova onde pediu esta.
problem-password-too-short =
    { $count ->
        [one] A palavra-passe tem de ter pelo menos { $count } carácter.
       *[other] A palavra-passe tem de ter pelo menos { $count } caracteres.
    }
problem-password-like-username = A palavra-passe não pode ser feita a partir do nome de utilizador.
problem-password-like-service = A palavra-passe não pode ser feita a partir do nome deste serviço.
problem-password-repetitive = A palavra-passe não pode ser uma simples repetição ou sequência.
problem-password-common = Esta palavra-passe é uma das mais comuns, que são as primeiras a ser experimentadas.
problem-password-unchanged = A nova palavra-passe não pode ser a atual.
problem-username-taken = Este nome de utilizador já está a ser usado. Escolha outro.
problem-username-looks-alike = Este nome de utilizador é parecido com o de outra conta. Escolha outro.
problem-username-invalid = Este nome de utilizador não pode ser usado. Escolha outro.
problem-invalid-second-factor = O código não está correto ou já foi usado. Aguarde o próximo.
problem-too-many-attempts = Demasiados códigos incorretos. Tente novamente mais tarde.
problem-other = Não funcionou. Tente de novo.

## Aplicações

onwards-title = Um momento
onwards-link = Continuar
consent-title = { $client } quer iniciar a sua sessão
consent-destination = A resposta vai para { $destination }.
consent-account = Iniciou sessão como { $username }.
consent-scopes = { $client } pede o seguinte:
consent-new = novo
consent-resources = Vai usar estes serviços em seu nome:
consent-end = Pode terminar isto a qualquer momento na página da sua conta.
consent-allow = Permitir
consent-deny = Não permitir
scope-openid = Saber quem é
scope-profile = Ver o seu nome de utilizador e idioma
scope-email = Ver o seu endereço de e-mail
scope-offline-access = Manter a sessão na sua ausência
app-refused-title = Este início de sessão não funciona
app-refused-client = A aplicação que o enviou para aqui não é conhecida. Avise quem a gere.
app-refused-redirect-uri = A aplicação que o enviou para aqui quer a resposta num endereço que não está registado. Avise quem a gere.
app-refused-too-long = A aplicação que o enviou para aqui pede demasiado de uma vez. Avise quem a gere.
app-refused-over = Demorou demasiado, ou foi iniciado noutro navegador. Volte à aplicação e comece de novo.
app-refused-failed = Algo não funcionou aqui. Volte à aplicação e tente novamente daqui a um momento.
app-refused-closest = O endereço registado mais parecido: { $destination }
logout-ask-title = Terminar a sessão?
logout-client = { $client } pede para terminar a sua sessão aqui.
logout-button = Terminar a sessão
logout-stay-button = Continuar com a sessão iniciada
logout-done-title = A sessão terminou
logout-done-text = Pode fechar esta página.
logout-stay-title = A sessão continua iniciada
logout-stay-text = Nada mudou.
